//! Pictures in fewer bytes.

use std::fmt::Write;

/// The same picture in fewer bytes: what is the default is not written, and what is the same for all texts is written once.
pub fn compact(text: &str) -> String {
    // Quotation marks in texts are written as entities: nothing that is replaced can be in one.
    let mut text = text.replacen(
        "<svg ",
        "<svg font-family=\"sans-serif\" fill=\"#222222\" ",
        1,
    );
    for needless in [
        " opacity=\"1\"",
        " stroke-width=\"1\"",
        " text-anchor=\"start\"",
        " stroke=\"none\"",
    ] {
        text = text.replace(needless, "");
    }
    text = text
        .replace(" \"/>", "\"/>")
        .replace(" font-family=\"sans-serif\" font-size", " font-size")
        .replace(" fill=\"#222222\">\n", ">")
        .replace("\n</text>", "</text>");
    shorten_sizes(&text)
}

/// Sizes of fonts with one decimal.
fn shorten_sizes(text: &str) -> String {
    const SIZE: &str = " font-size=\"";
    let mut parts = text.split(SIZE);
    let mut shorter = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shorter.push_str(SIZE);
        match part.split_once('"') {
            Some((size, rest)) => {
                let size: f64 = size.parse().unwrap_or(11.0);
                // Writing to a String cannot fail.
                let _ = write!(shorter, "{size:.1}\"{rest}");
            }
            None => shorter.push_str(part),
        }
    }
    shorter
}
