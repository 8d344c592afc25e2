//! Each backend against Wycheproof, against the vectors of the service, and against the other.

use serde_json::Value;

use crate::encoding::base64;

/// The order n of the curve (SEC 2, section 2.4.2).
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

fn array<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn vectors(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

macro_rules! backend_tests {
    ($backend:ident) => {
        mod $backend {
            use super::super::$backend::{
                CbcKey, HmacKey, SigningKey, VerifyingKey, random, sha256,
            };
            use super::*;

            #[test]
            fn wycheproof_ecdsa_p256_sha256_p1363() {
                use wycheproof::ecdsa::{TestName, TestSet};

                let mut count = 0;
                let set = TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap();
                for group in set.test_groups {
                    let point: [u8; 65] = group.key.key.as_slice().try_into().unwrap();
                    let key = VerifyingKey::from_point(&point).unwrap();
                    for test in group.tests {
                        // Another length is refused before the backend is asked.
                        let valid = <&[u8; 64]>::try_from(test.sig.as_slice())
                            .is_ok_and(|signature| key.verify(&test.msg, signature));
                        assert_eq!(
                            valid,
                            !test.result.must_fail(),
                            "{}: {}",
                            test.tc_id,
                            test.comment
                        );
                        count += 1;
                    }
                }
                assert!(count > 200, "{count}");
            }

            #[test]
            fn wycheproof_aes_cbc_pkcs5() {
                use wycheproof::cipher::{TestName, TestSet};

                let mut count = 0;
                let set = TestSet::load(TestName::AesCbcPkcs5).unwrap();
                for group in set.test_groups.into_iter().filter(|group| group.key_size == 128) {
                    for test in group.tests {
                        let key = CbcKey::new(test.key.as_slice().try_into().unwrap()).unwrap();
                        let iv: [u8; 16] = test.nonce.as_slice().try_into().unwrap();
                        let mut buffer = test.ct.to_vec();
                        let plaintext = key.decrypt(iv, &mut buffer);
                        if test.result.must_fail() {
                            assert_eq!(plaintext, None, "{}: {}", test.tc_id, test.comment);
                        } else {
                            assert_eq!(
                                plaintext,
                                Some(test.pt.as_slice()),
                                "{}: {}",
                                test.tc_id,
                                test.comment
                            );
                            assert_eq!(key.encrypt(iv, &test.pt).unwrap(), **test.ct);
                        }
                        count += 1;
                    }
                }
                assert!(count > 50, "{count}");
            }

            #[test]
            fn wycheproof_hmac_sha256() {
                use wycheproof::mac::{TestName, TestSet};

                let mut count = 0;
                let set = TestSet::load(TestName::HmacSha256).unwrap();
                // Truncated tags are not used here.
                for group in set.test_groups.into_iter().filter(|group| group.tag_size == 256) {
                    for test in group.tests {
                        let key = HmacKey::new(&test.key);
                        let valid = !test.result.must_fail();
                        assert_eq!(key.verify(&test.msg, &test.tag), valid, "{}", test.tc_id);
                        assert_eq!(key.sign(&test.msg) == **test.tag, valid, "{}", test.tc_id);
                        assert!(!key.verify(&test.msg, &test.tag[..31]), "{}", test.tc_id);
                        assert!(!key.verify(&test.msg, b""), "{}", test.tc_id);
                        count += 1;
                    }
                }
                assert!(count > 50, "{count}");
            }

            #[test]
            fn hmac_hashes_keys_longer_than_a_block() {
                // RFC 4231, test case 6.
                let mac = HmacKey::new(&[0xaa; 131])
                    .sign(b"Test Using Larger Than Block-Size Key - Hash Key First");
                let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
                assert_eq!(hex::encode(mac), expected);
            }

            #[test]
            fn sha256_of_nothing() {
                let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
                assert_eq!(hex::encode(sha256(b"")), expected);
            }

            #[test]
            fn random_bytes_differ() {
                assert_ne!(random::<32>().unwrap(), random::<32>().unwrap());
            }

            #[test]
            fn scalars_are_from_one_to_below_the_order() {
                let mut below = array::<32>(ORDER);
                below[31] -= 1;
                let mut above = array::<32>(ORDER);
                above[31] += 1;
                let mut one = [0; 32];
                one[31] = 1;
                for good in [one, below] {
                    assert!(SigningKey::from_scalar(&good).is_some());
                }
                for bad in [[0; 32], array(ORDER), above, [0xff; 32]] {
                    assert!(SigningKey::from_scalar(&bad).is_none());
                }
            }

            #[test]
            fn pkcs8_is_one_whole_document_of_the_curve() {
                let key = SigningKey::from_scalar(&[0x42; 32]).unwrap();
                let der = key.to_pkcs8().unwrap();
                let read = SigningKey::from_pkcs8(&der).unwrap();
                assert_eq!(read.public_key(), key.public_key());
                assert_eq!(*read.to_pkcs8().unwrap(), *der);
                let other = SigningKey::from_scalar(&[0x24; 32]).unwrap().to_pkcs8().unwrap();
                let with_public_key_of_another =
                    [&der[..der.len() - 64], &other[other.len() - 64..]];
                // The last byte of the OID of the curve, 1.2.840.10045.3.1.7.
                let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
                let at = der.windows(8).position(|bytes| bytes == oid).unwrap();
                let mut of_another_curve = der.to_vec();
                of_another_curve[at + 7] = 1;
                for bad in [
                    &b""[..],
                    &der[..der.len() - 1],
                    &[&der[..], &[0]].concat(),
                    &with_public_key_of_another.concat(),
                    &of_another_curve,
                ] {
                    assert!(SigningKey::from_pkcs8(bad).is_none(), "{bad:?}");
                }
            }

            #[test]
            fn points_have_to_be_on_the_curve() {
                let mut one = [0; 32];
                one[31] = 1;
                let generator = SigningKey::from_scalar(&one).unwrap().public_key().unwrap();
                assert!(VerifyingKey::from_point(&generator).is_some());
                let mut off = generator;
                off[64] ^= 1;
                let mut other_form = generator;
                other_form[0] = 6;
                let mut x_only = generator;
                x_only[33..].fill(0);
                let mut nothing = [0; 65];
                nothing[0] = 4;
                for bad in [off, other_form, x_only, nothing, [0; 65], [0xff; 65]] {
                    assert!(VerifyingKey::from_point(&bad).is_none());
                }
            }

            #[test]
            fn padding_and_length_are_checked() {
                let key = CbcKey::new(&[7; 16]).unwrap();
                assert_eq!(key.decrypt([0; 16], &mut []), None);
                for length in [1, 15, 17, 31] {
                    assert_eq!(key.decrypt([0; 16], &mut vec![0; length]), None);
                }
                for plaintext in [&b""[..], b"a", &[1; 15], &[2; 16], &[3; 17]] {
                    let mut ciphertext = key.encrypt([9; 16], plaintext).unwrap();
                    assert_eq!(key.decrypt([9; 16], &mut ciphertext), Some(plaintext));
                }
            }

            #[test]
            fn responses_of_the_service() {
                let all = vectors(include_str!("../../tests/vectors/sip_responses.json"));
                for vector in all["vectors"].as_array().unwrap() {
                    let text = |name: &str| vector[name].as_str().unwrap();
                    let key = VerifyingKey::from_point(&array(text("sip_public_key"))).unwrap();
                    let body = vectors(text("body"));
                    let (signed, signature) =
                        body["data"].as_str().unwrap().rsplit_once('.').unwrap();
                    let mut signature = base64::decode_url_array(signature.as_bytes()).unwrap();
                    assert!(key.verify(signed.as_bytes(), &signature));
                    signature[63] ^= 1;
                    assert!(!key.verify(signed.as_bytes(), &signature));

                    let claims =
                        base64::decode_url(signed.split_once('.').unwrap().1.as_bytes()).unwrap();
                    let claims = vectors(std::str::from_utf8(&claims).unwrap());
                    let data = claims["data"].as_str().unwrap();
                    let items = if body["encrypted"] == true {
                        let (iv, ciphertext) = data.split_at(32);
                        let mut buffer = base64::decode_wrapped(ciphertext).unwrap();
                        let secret = CbcKey::new(&array(text("secret"))).unwrap();
                        secret.decrypt(array(iv), &mut buffer).unwrap().to_vec()
                    } else {
                        data.into()
                    };
                    let items = vectors(std::str::from_utf8(&items).unwrap());
                    assert_eq!(items, vector["expect"]["data"], "{}", text("name"));
                }
            }

            #[test]
            fn digests_of_requests() {
                let all = vectors(include_str!("../../tests/vectors/sip_requests.json"));
                for vector in all["digests"].as_array().unwrap() {
                    let text = |name: &str| vector[name].as_str().unwrap();
                    let mac = HmacKey::new(text("secret").as_bytes()).sign(text("body").as_bytes());
                    assert_eq!(base64::encode(mac), text("hmac_base64"));
                }
                let key = array(all["private_signing_key"].as_str().unwrap());
                let key = SigningKey::from_scalar(&key).unwrap();
                assert_eq!(
                    hex::encode(key.public_key().unwrap()),
                    all["app_public_key"].as_str().unwrap()
                );
            }
        }
    };
}

#[cfg(feature = "aws-lc-rs")]
backend_tests!(aws_lc);
#[cfg(feature = "rust-crypto")]
backend_tests!(rust_crypto);

#[cfg(all(feature = "aws-lc-rs", feature = "rust-crypto"))]
#[test]
fn what_one_backend_makes_the_other_takes() {
    use super::{aws_lc, rust_crypto};

    let (scalar, secret) = ([0x42; 32], [0x24; 16]);
    for message in [&b""[..], b"a message", &[0; 1000]] {
        let one = aws_lc::SigningKey::from_scalar(&scalar).unwrap();
        let other = rust_crypto::SigningKey::from_scalar(&scalar).unwrap();
        assert_eq!(one.public_key(), other.public_key());
        assert_eq!(one.to_pkcs8(), other.to_pkcs8());
        let point = one.public_key().unwrap();
        let signature = one.sign(message).unwrap();
        let key = rust_crypto::VerifyingKey::from_point(&point).unwrap();
        assert!(key.verify(message, &signature));
        assert!(!key.verify(b"another", &signature));
        let signature = other.sign(message).unwrap();
        let key = aws_lc::VerifyingKey::from_point(&point).unwrap();
        assert!(key.verify(message, &signature));
        assert!(!key.verify(b"another", &signature));

        let mac = aws_lc::HmacKey::new(&secret).sign(message);
        assert!(rust_crypto::HmacKey::new(&secret).verify(message, &mac));
        assert_eq!(aws_lc::sha256(message), rust_crypto::sha256(message));

        let one = aws_lc::CbcKey::new(&secret).unwrap();
        let other = rust_crypto::CbcKey::new(&secret).unwrap();
        let mut ciphertext = one.encrypt([1; 16], message).unwrap();
        assert_eq!(ciphertext, other.encrypt([1; 16], message).unwrap());
        assert_eq!(other.decrypt([1; 16], &mut ciphertext), Some(message));
    }
}
