//! Parquet with the same columns as CSV; one row group a batch.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::table::{Cells, Column, Table, TableWriter};

pub struct ParquetWriter<W: Write + Send> {
    /// Until the first batch tells the columns, where to write to; then the writer.
    state: State<W>,
}

enum State<W: Write + Send> {
    New(Option<W>),
    Open(SerializedFileWriter<W>),
}

impl<W: Write + Send> ParquetWriter<W> {
    pub fn new(to: W) -> Self {
        Self {
            state: State::New(Some(to)),
        }
    }
}

impl<W: Write + Send> TableWriter<W> for ParquetWriter<W> {
    fn write(&mut self, batch: &Table) -> io::Result<()> {
        if let State::New(to) = &mut self.state
            && let Some(to) = to.take()
        {
            let properties = WriterProperties::builder()
                .set_compression(Compression::SNAPPY)
                .set_created_by(concat!("hashdrift ", env!("CARGO_PKG_VERSION")).to_owned())
                .build();
            let writer = SerializedFileWriter::new(to, schema(batch)?, Arc::new(properties))?;
            self.state = State::Open(writer);
        }
        let State::Open(writer) = &mut self.state else {
            return Err(no_file());
        };
        let mut group = writer.next_row_group()?;
        for column in &batch.columns {
            let Some(mut writer) = group.next_column()? else {
                return Err(io::Error::other(
                    "the table has more columns than its schema",
                ));
            };
            match &column.cells {
                Cells::Text(cells) => {
                    let labels: Vec<ByteArray> = cells
                        .labels()
                        .map(|label| ByteArray::from(label.as_bytes().to_vec()))
                        .collect();
                    let labels = cells.label_of_row().map(|label| labels[label].clone());
                    let values: Vec<ByteArray> = labels.collect();
                    writer
                        .typed::<ByteArrayType>()
                        .write_batch(&values, None, None)?;
                }
                Cells::Integer(cells) => {
                    writer.typed::<Int64Type>().write_batch(cells, None, None)?;
                }
                Cells::Number(cells) => {
                    let present: Vec<i16> = cells.iter().map(|c| i16::from(c.is_some())).collect();
                    let values: Vec<f64> = cells.iter().copied().flatten().collect();
                    writer
                        .typed::<DoubleType>()
                        .write_batch(&values, Some(&present), None)?;
                }
            }
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<W> {
        match self.state {
            State::New(Some(to)) => Ok(to),
            State::New(None) => Err(no_file()),
            State::Open(writer) => Ok(writer.into_inner()?),
        }
    }
}

fn no_file() -> io::Error {
    io::Error::other("the table has no file")
}

fn schema(table: &Table) -> Result<Arc<Type>, ParquetError> {
    let fields = table
        .columns
        .iter()
        .map(|column| field(column).map(Arc::new))
        .collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder("hashdrift")
        .with_fields(fields)
        .build()?;
    Ok(Arc::new(schema))
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical, repetition) = match &column.cells {
        Cells::Text(_) => (
            PhysicalType::BYTE_ARRAY,
            Some(LogicalType::String),
            Repetition::REQUIRED,
        ),
        Cells::Integer(_) => (PhysicalType::INT64, None, Repetition::REQUIRED),
        Cells::Number(_) => (PhysicalType::DOUBLE, None, Repetition::OPTIONAL),
    };
    Type::primitive_type_builder(&column.name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition)
        .build()
}
