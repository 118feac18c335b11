//! From figures and tables to the text of a page.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value};
use serde::Serialize;

use super::figure::{Exhibit, Mark};
use super::grid::Grid;
use super::parameters::Parameter;
use super::picture::{LAYERS, ORDERED, picture};
use super::short::short_table;
use super::world::Shares;

/// A page could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A template does not fit what it is given.
    #[error("cannot make the page: {0}")]
    Template(#[from] minijinja::Error),
    /// A picture could not be drawn.
    #[error("cannot draw a picture of the page: {0}")]
    Picture(#[from] std::io::Error),
    /// The data could not be written as JSON.
    #[error("cannot write the data of the page: {0}")]
    Data(#[from] serde_json::Error),
}

/// Everything that a page shows.
#[derive(Debug, Serialize)]
pub struct Page {
    /// What it is called.
    pub title: String,
    /// `run`, `stress`, `backtest`, `trajectories` or `sweep`.
    pub kind: &'static str,
    /// What the scenario asks.
    pub question: String,
    /// One line of facts: how many replicas, from when to when.
    pub facts: String,
    /// What came out, in words.
    pub headline: Vec<String>,
    /// Warnings of the run.
    pub warnings: Vec<String>,
    /// Small tables at the top.
    pub cards: Vec<Card>,
    /// The map, if regions are on one.
    pub map: Option<MapView>,
    /// What is marked on axes of dates.
    pub marks: Vec<Mark>,
    /// The figures, by section.
    pub sections: Vec<Section>,
    /// The scenario's keys.
    pub parameters: Vec<Parameter>,
    /// What ran, on what: name and value.
    pub provenance: Vec<(String, String)>,
    /// Commands that make it again.
    pub commands: Vec<String>,
    /// Digests of the files.
    pub files: Grid,
}

/// A small table at the top.
#[derive(Debug, Serialize)]
pub struct Card {
    /// Its name in the page.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// The numbers.
    pub grid: Grid,
    /// How to read it.
    pub note: String,
    /// Whether it takes the whole width.
    pub wide: bool,
}

/// The map and what moves it.
#[derive(Debug, Serialize)]
pub struct MapView {
    /// The map at the last date, as SVG.
    pub svg: String,
    /// Shares over time.
    pub shares: Shares,
    /// Regions by share at the last date, with what stands beside the map.
    pub bars: Vec<Bar>,
    /// The last date.
    pub date: String,
    /// Whether countries are marked by circles.
    pub circles: bool,
}

/// A region beside the map.
#[derive(Debug, Serialize)]
pub struct Bar {
    /// Number of the region in the scenario.
    pub region: usize,
    /// Its name.
    pub name: String,
    /// Why it is not on the map, if it is not.
    pub apart: Option<String>,
    /// Its share, in percent of the largest.
    pub length: f64,
    /// Its share for people.
    pub text: String,
}

/// Figures that belong together.
#[derive(Debug, Serialize)]
pub struct Section {
    /// Its name in the page.
    pub id: &'static str,
    /// What it is about.
    pub title: String,
    /// What is to be seen.
    pub lead: String,
    /// The figures.
    pub exhibits: Vec<Exhibit>,
    /// Tables that are coloured by their numbers.
    pub heats: Vec<Heat>,
}

/// A table that is coloured by its numbers.
#[derive(Debug, Serialize)]
pub struct Heat {
    /// Its name in the page.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// The numbers.
    pub grid: Grid,
    /// Whether its last row adds up the others.
    pub total: bool,
}

/// A figure as the template takes it.
#[derive(Serialize)]
struct Drawn<'a> {
    id: &'a str,
    title: &'a str,
    caption: &'a str,
    picture: Value,
    table: Grid,
}

/// What the script is given.
#[derive(Serialize)]
struct Data<'a> {
    figures: Vec<&'a Exhibit>,
    shares: Option<&'a Shares>,
    /// Colours of layers.
    layers: Vec<String>,
    ordered: Vec<String>,
}

fn colours(colours: &[(u8, u8, u8)]) -> Vec<String> {
    let text = |(r, g, b): &(u8, u8, u8)| format!("rgb({r},{g},{b})");
    colours.iter().map(text).collect()
}

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("web/dist/report.js");
/// Digest of the script, by which the page lets it run and no other.
const SCRIPT_DIGEST: &str = include_str!("web/dist/report.js.sha256");
const LICENCES: &str = include_str!("web/dist/licences.txt");

/// The page as a text.
///
/// # Errors
/// [`ReportError`], none of which depends on what is in a scenario.
pub fn render(page: &Page) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    environment.add_template("page", TEMPLATE)?;
    let exhibits = page.sections.iter().flat_map(|section| &section.exhibits);
    let data = Data {
        figures: exhibits.collect(),
        shares: page.map.as_ref().map(|map| &map.shares),
        layers: colours(&LAYERS),
        ordered: colours(&ORDERED),
    };
    let sections = page
        .sections
        .iter()
        .map(|section| {
            section
                .exhibits
                .iter()
                .map(drawn)
                .collect::<Result<Vec<_>, _>>()
        })
        .collect::<Result<Vec<_>, _>>()?;
    let text = environment
        .get_template("page")?
        .render(minijinja::context! {
            page => Value::from(Serde(page)),
            map_svg => page.map.as_ref().map(|map| Value::from_safe_string(map.svg.clone())),
            drawn => Value::from(Serde(&sections)),
            style => Value::from_safe_string(STYLE.to_owned()),
            script => Value::from_safe_string(SCRIPT.to_owned()),
            script_digest => SCRIPT_DIGEST.trim(),
            licences => LICENCES,
            data => Value::from_safe_string(json_in_page(&data)?),
        })?;
    Ok(text)
}

fn drawn(exhibit: &Exhibit) -> Result<Drawn<'_>, std::io::Error> {
    Ok(Drawn {
        id: &exhibit.id,
        title: &exhibit.title,
        caption: &exhibit.caption,
        picture: Value::from_safe_string(picture(&exhibit.figure)?),
        table: short_table(&exhibit.figure),
    })
}

/// JSON that can stand in an element of a page: nothing in it can end the element or begin a comment.
fn json_in_page(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string(value)?;
    // These signs are only ever inside strings of JSON.
    Ok(text
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_element() {
        let text = json_in_page(&["</script><!-- & \u{2028}"]).unwrap();
        assert_eq!(text, r#"["\u003c/script\u003e\u003c!-- \u0026 \u2028"]"#);
        let back: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, ["</script><!-- & \u{2028}"]);
    }

    #[test]
    fn the_script_cannot_end_its_element() {
        let lower = SCRIPT.to_lowercase();
        assert!(!lower.contains("</script") && !lower.contains("<!--"));
    }
}
