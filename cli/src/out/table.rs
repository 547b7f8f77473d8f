//! Tables.

use comfy_table::{ContentArrangement, Table, presets};
use unicode_width::UnicodeWidthStr;

use super::{Out, Style};

impl Out {
    /// Prints rows as a table. On a terminal that is too narrow for it, each row is a block of
    /// lines. What a server said has to be escaped before.
    pub(crate) fn table(&mut self, head: &[String], rows: &[Vec<String>]) -> std::io::Result<()> {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(head).add_rows(rows);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        let widest = lines.iter().map(|line| line.width()).max().unwrap_or_default();
        if self.width().is_some_and(|width| widest > width) {
            return self.blocks(head, rows);
        }
        for (at, line) in lines.iter().enumerate() {
            let line = if at == 0 { self.styled(Style::Strong, line) } else { line.clone() };
            self.line(&line)?;
        }
        Ok(())
    }

    fn blocks(&mut self, head: &[String], rows: &[Vec<String>]) -> std::io::Result<()> {
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                self.line("")?;
            }
            let pairs = head.iter().zip(row).filter(|(_, value)| !value.is_empty());
            self.pairs(pairs.map(|(name, value)| (name.as_str(), value.as_str())))?;
        }
        Ok(())
    }

    /// Prints names and values, a pair a line. What a server said has to be escaped before.
    pub(crate) fn pairs<'a>(
        &mut self,
        pairs: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> std::io::Result<()> {
        let pairs: Vec<_> = pairs.collect();
        let widest = pairs.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
        for (name, value) in pairs {
            let blanks = " ".repeat(widest - name.width() + 2);
            let name = self.styled(Style::Dim, name);
            let line = format!("{name}{blanks}{value}");
            self.line(line.trim_end())?;
        }
        Ok(())
    }
}
