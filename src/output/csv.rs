//! CSV: UTF-8, comma, a header line, an empty cell for null, numbers that read back to the same bits.

use std::io::{self, Write};

use super::table::{Cells, Table, TableWriter};

pub struct CsvWriter<W: Write> {
    writer: csv::Writer<W>,
    headed: bool,
}

impl<W: Write> CsvWriter<W> {
    pub fn new(to: W) -> Self {
        Self {
            writer: csv::WriterBuilder::new()
                .buffer_capacity(1 << 16)
                .from_writer(to),
            headed: false,
        }
    }
}

impl<W: Write> TableWriter<W> for CsvWriter<W> {
    fn write(&mut self, batch: &Table) -> io::Result<()> {
        use std::fmt::Write as _;
        if !self.headed {
            self.writer
                .write_record(batch.columns.iter().map(|column| &*column.name))?;
            self.headed = true;
        }
        let mut cell = String::new();
        for row in 0..batch.rows() {
            for column in &batch.columns {
                cell.clear();
                // Writing to a String cannot fail.
                let _ = match &column.cells {
                    Cells::Text(cells) => {
                        self.writer.write_field(cells.get(row))?;
                        continue;
                    }
                    Cells::Integer(cells) => write!(cell, "{}", cells[row]),
                    // The shortest digits that read back to the same number, with an exponent where long.
                    Cells::Number(cells) => match cells[row] {
                        Some(value) => write!(cell, "{value:?}"),
                        None => Ok(()),
                    },
                };
                self.writer.write_field(cell.as_bytes())?;
            }
            self.writer.write_record(None::<&[u8]>)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<W> {
        let written = self.writer.into_inner();
        written.map_err(csv::IntoInnerError::into_error)
    }
}
