//! A passport picture drawn in code: an indexed PNG (ISO/IEC 15948) of four colours, with stored deflate blocks
//! (RFC 1951, section 3.2.4), which needs no compressor.

const WIDTH: u32 = 96;
const HEIGHT: u32 = 120;

/// Two bits a pixel: 24 bytes a row, after the filter byte.
const ROW: usize = 1 + WIDTH as usize / 4;

const BACKGROUND: u8 = 0;
const CLOTHES: u8 = 1;
const SKIN: u8 = 2;
const HAIR: u8 = 3;

/// Head and shoulders in the colours background, clothes, skin, hair.
pub(super) fn portrait(colours: [[u8; 3]; 4]) -> Vec<u8> {
    let mut rows = Vec::with_capacity(ROW * HEIGHT as usize);
    for y in 0..HEIGHT as i32 {
        rows.push(0); // no filter
        for x in (0..WIDTH as i32).step_by(4) {
            rows.push((0..4).fold(0, |byte, offset| byte << 2 | colour(x + offset, y)));
        }
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [WIDTH.to_be_bytes(), HEIGHT.to_be_bytes()].concat();
    header.extend([2, 3, 0, 0, 0]); // two bits, indexed, deflate, no interlacing
    chunk(&mut png, b"IHDR", &header);
    chunk(&mut png, b"PLTE", &colours.concat());
    chunk(&mut png, b"IDAT", &zlib(&rows));
    chunk(&mut png, b"IEND", &[]);
    png
}

fn colour(x: i32, y: i32) -> u8 {
    let within = |cx: i32, cy: i32, rx: i32, ry: i32| {
        (x - cx).pow(2) * ry.pow(2) + (y - cy).pow(2) * rx.pow(2) <= rx.pow(2) * ry.pow(2)
    };
    let eye = within(39, 54, 2, 2) || within(57, 54, 2, 2);
    let mouth = within(48, 69, 8, 4) && y > 69;
    let neck = (41..=55).contains(&x) && (70..=92).contains(&y);
    match () {
        () if eye || mouth => HAIR,
        () if within(48, 57, 18, 23) && !within(48, 34, 20, 12) => SKIN,
        () if within(48, 48, 23, 25) && y < 62 => HAIR,
        () if neck && y < 88 => SKIN,
        () if within(48, 122, 42, 36) => CLOTHES,
        () => BACKGROUND,
    }
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend((data.len() as u32).to_be_bytes());
    let checked = [kind, data].concat();
    png.extend(&checked);
    png.extend(crc32(&checked).to_be_bytes());
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks = data.chunks(usize::from(u16::MAX));
    let last = blocks.len().saturating_sub(1);
    for (index, block) in blocks.enumerate() {
        let length = block.len() as u16;
        stream.push(u8::from(index == last));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    stream.extend(adler32(data).to_be_bytes());
    stream
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1, 0), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_are_those_of_the_standards() {
        // The check values of CRC-32/ISO-HDLC and Adler-32 for this text.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn a_portrait_uses_every_colour_and_is_small() {
        let png = portrait([[0; 3]; 4]);
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.ends_with(b"IEND\xae\x42\x60\x82"));
        assert!(png.len() < 4096, "{}", png.len());
        let colours: std::collections::BTreeSet<u8> =
            (0..120).flat_map(|y| (0..96).map(move |x| colour(x, y))).collect();
        assert_eq!(colours.len(), 4);
    }
}
