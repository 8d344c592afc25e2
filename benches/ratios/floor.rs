//! The bare operations that nothing can do without, by the backend that the crate was built with.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

pub fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[cfg(feature = "aws-lc-rs")]
mod backend {
    use aws_lc_rs::cipher::{
        AES_128, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
    };
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
        ParsedPublicKey,
    };

    pub struct Signing(EcdsaKeyPair);

    impl Signing {
        pub fn new(scalar: &[u8]) -> Self {
            let mut der = super::hex("30310201010420");
            der.extend(scalar);
            der.extend(super::hex("a00a06082a8648ce3d030107"));
            Self(
                EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap(),
            )
        }

        pub fn sign(&self, message: &[u8]) -> impl Sized + use<> {
            self.0.sign(&SystemRandom::new(), message).unwrap()
        }

        pub fn public_key(&self) -> Vec<u8> {
            self.0.public_key().as_ref().to_vec()
        }
    }

    pub struct Verifying(ParsedPublicKey);

    impl Verifying {
        pub fn new(point: &[u8]) -> Self {
            Self(ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).unwrap())
        }

        pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
            self.0.verify_sig(message, signature).is_ok()
        }
    }

    pub struct Cbc(PaddedBlockDecryptingKey);

    impl Cbc {
        pub fn new(key: &[u8]) -> Self {
            let key = UnboundCipherKey::new(&AES_128, key).unwrap();
            Self(PaddedBlockDecryptingKey::cbc_pkcs7(key).unwrap())
        }

        pub fn decrypt(&self, iv: [u8; 16], buffer: &mut [u8]) -> usize {
            self.0.decrypt(buffer, DecryptionContext::Iv128(iv.into())).unwrap().len()
        }
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
mod backend {
    use aes::Aes128;
    use cbc::cipher::block_padding::Pkcs7;
    use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
    use p256::ecdsa::signature::{Signer as _, Verifier as _};
    use p256::ecdsa::{Signature, SigningKey, VerifyingKey};

    pub struct Signing(SigningKey);

    impl Signing {
        pub fn new(scalar: &[u8]) -> Self {
            Self(SigningKey::from_slice(scalar).unwrap())
        }

        pub fn sign(&self, message: &[u8]) -> impl Sized + use<> {
            let signature: Signature = self.0.sign(message);
            signature
        }

        pub fn public_key(&self) -> Vec<u8> {
            self.0.verifying_key().to_sec1_point(false).as_bytes().to_vec()
        }
    }

    pub struct Verifying(VerifyingKey);

    impl Verifying {
        pub fn new(point: &[u8]) -> Self {
            Self(VerifyingKey::from_sec1_bytes(point).unwrap())
        }

        pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
            self.0.verify(message, &Signature::from_slice(signature).unwrap()).is_ok()
        }
    }

    pub struct Cbc([u8; 16]);

    impl Cbc {
        pub fn new(key: &[u8]) -> Self {
            Self(key.try_into().unwrap())
        }

        pub fn decrypt(&self, iv: [u8; 16], buffer: &mut [u8]) -> usize {
            let cipher = cbc::Decryptor::<Aes128>::new(&self.0.into(), &iv.into());
            cipher.decrypt_padded::<Pkcs7>(buffer).unwrap().len()
        }
    }
}

pub struct Signing(backend::Signing);

impl Signing {
    pub fn new(scalar: &str) -> Self {
        Self(backend::Signing::new(&hex(scalar)))
    }

    pub fn sign(&self, message: &[u8]) -> impl Sized + use<> {
        self.0.sign(message)
    }

    pub fn public_key(&self) -> Vec<u8> {
        self.0.public_key()
    }
}

/// The two operations of an exchange on elliptic curves.
pub struct Operations {
    pub signing: Signing,
    pub verifying: Verifying,
    pub request: String,
    pub response: String,
}

impl Operations {
    pub fn sign(&self) {
        std::hint::black_box(self.signing.sign(std::hint::black_box(self.request.as_bytes())));
    }

    pub fn sign_and_verify(&self) {
        self.sign();
        assert!(self.verifying.verify(std::hint::black_box(self.response.as_bytes())));
    }
}

pub struct Verifying {
    key: backend::Verifying,
    signature: Vec<u8>,
}

impl Verifying {
    pub fn new(point: &str, signature: &str) -> Self {
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        Self { key: backend::Verifying::new(&hex(point)), signature }
    }

    pub fn verify(&self, message: &[u8]) -> bool {
        self.key.verify(message, &self.signature)
    }
}

/// The ciphertext of a token, decrypted anew each time.
pub struct CbcDecrypt {
    key: backend::Cbc,
    iv: [u8; 16],
    ciphertext: Vec<u8>,
}

impl CbcDecrypt {
    pub fn new(secret: &str, signed: &str) -> Self {
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        let (iv, ciphertext) = claims["data"].as_str().unwrap().split_at(32);
        Self {
            key: backend::Cbc::new(&hex(secret)),
            iv: hex(iv).try_into().unwrap(),
            ciphertext: STANDARD.decode(ciphertext).unwrap(),
        }
    }

    pub fn run(&self) {
        let mut buffer = self.ciphertext.clone();
        std::hint::black_box(self.key.decrypt(self.iv, &mut buffer));
    }
}

pub fn sha256(message: &[u8]) -> impl Sized + use<> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message)
}
