//! `hashdrift explain` and `hashdrift schema`: what scenario keys mean, from the file format itself.

use std::io::{self, Write};

use hashdrift::scenario::{KeyDoc, SCHEMA, did_you_mean, key_docs, printable};

use super::InvalidUse;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Key path, such as `regions.us.power.usd_per_mwh`; a table lists its keys; without it, all keys
    #[arg(value_name = "KEY")]
    key: Option<String>,
}

pub fn explain(arguments: &Arguments) -> anyhow::Result<()> {
    let docs = key_docs();
    let mut out = io::stdout().lock();
    let Some(key) = &arguments.key else {
        for doc in &docs {
            writeln!(out, "{:<48} {}", doc.path, first_line(doc))?;
        }
        return Ok(());
    };
    let found: Vec<&KeyDoc> = docs.iter().filter(|doc| doc.matches(key)).collect();
    if found.is_empty() {
        let inside: Vec<&KeyDoc> = docs.iter().filter(|doc| doc.is_inside(key)).collect();
        if inside.is_empty() {
            let next = did_you_mean(key, docs.iter().map(|doc| doc.path.as_str())).map_or_else(
                || "`hashdrift explain` lists all keys".to_owned(),
                |path| format!("did you mean `{path}`?"),
            );
            let message = format!("there is no key `{}`\n{next}", printable(key));
            return Err(InvalidUse(message).into());
        }
        for doc in inside {
            writeln!(out, "{:<48} {}", doc.path, first_line(doc))?;
        }
        return Ok(());
    }
    for doc in found {
        writeln!(out, "{}\n  {}", doc.path, doc.meaning)?;
        for (label, text) in [
            ("type", &doc.kind),
            ("unit", &doc.unit),
            ("range", &doc.range),
            ("default", &doc.default),
            ("switched off by", &doc.neutral),
        ] {
            if let Some(text) = text {
                writeln!(out, "  {label}: {text}")?;
            }
        }
    }
    Ok(())
}

pub fn schema() -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &*SCHEMA).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

fn first_line(doc: &KeyDoc) -> String {
    let unit = doc
        .unit
        .as_ref()
        .map_or_else(String::new, |unit| format!(" [{unit}]"));
    let sentence = doc.meaning.split_inclusive(". ").next().unwrap_or_default();
    format!("{}{unit}", sentence.trim())
}
