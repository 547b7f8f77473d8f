//! An explanation as people read it, wrapped to the width of the terminal.

use std::io;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::article::{Article, Block, Item, Span};
use super::kind::Kind;
use crate::out::{Out, Style};

/// The longest line, on a wider terminal and without one.
const WIDEST: usize = 100;

/// The shortest line that text is wrapped to.
const NARROWEST: usize = 20;

/// The width from which on texts stand beside the names.
const TWO_COLUMNS: usize = 60;

/// The longest name that a text stands beside.
const LONGEST: usize = 22;

/// Prints explanations.
pub(super) struct Page<'a> {
    out: &'a mut Out,
    width: usize,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut Out) -> Self {
        let width = out.width().unwrap_or(WIDEST).clamp(NARROWEST, WIDEST);
        Self { out, width }
    }

    /// Prints an explanation.
    pub(super) fn article(&mut self, article: &Article) -> io::Result<()> {
        let mut head = vec![strong(&article.name), Span::plain(format!(" ({})", title(article)))];
        if article.name.is_empty() {
            head.remove(0);
        }
        self.flow(Lead::default(), 4, &head)?;
        if !article.synopsis.is_empty() {
            self.flow(Lead::default(), 0, &article.synopsis)?;
        }
        self.facts(article)?;
        if let Some(syntax) = &article.syntax {
            self.out.line("")?;
            self.flow(Lead::blank(2), 6, &[strong(syntax)])?;
        }
        if !article.items.is_empty() {
            self.heading(items_title(article))?;
            self.items(&article.items.iter().collect::<Vec<_>>(), 2)?;
        }
        if !article.text.is_empty() {
            self.heading("Description")?;
            self.blocks(&article.text, 2)?;
        }
        if !article.see.is_empty() {
            self.heading("See also")?;
            self.flow(Lead::blank(2), 2, &[Span::plain(article.see.join(", "))])?;
        }
        Ok(())
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        self.out.line("")?;
        let text = self.out.styled(Style::Strong, text);
        self.out.line(&text)
    }

    fn facts(&mut self, article: &Article) -> io::Result<()> {
        let mut facts = article.facts.clone();
        if let Some(classes) = &article.classes {
            facts.push(match (article.kind, classes.is_empty()) {
                (Kind::Event, true) => {
                    ("class", "none: sent in reply to an action alone".to_owned())
                }
                (Kind::Event, false) => ("class", format!("{} (read)", classes.join(" and "))),
                (_, true) => ("class", "none: every user may send it".to_owned()),
                (_, false) => ("class", format!("{} (write)", classes.join(" or "))),
            });
        }
        if !article.since.is_empty() {
            facts.push(("since", article.since.join(", ")));
        }
        if !article.modules.is_empty() {
            facts.push(("module", article.modules.join(", ")));
        }
        if facts.is_empty() {
            return Ok(());
        }
        self.out.line("")?;
        let widest = facts.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
        for (label, text) in facts {
            let mut lead = Lead::blank(2);
            lead.add(self.out, Style::Dim, label);
            self.flow(lead, widest + 4, &[Span::plain(text)])?;
        }
        Ok(())
    }

    /// Prints named parts. Those without a text stand together.
    fn items(&mut self, items: &[&Item], indent: usize) -> io::Result<()> {
        let names = items.iter().map(|item| item.name.width());
        let column = names.filter(|width| *width <= LONGEST).max().unwrap_or_default();
        let mut bare: Vec<&str> = Vec::new();
        for item in items {
            if item.text.is_empty() && badges(item).is_empty() {
                bare.push(&item.name);
                continue;
            }
            self.bare(&mut bare, indent)?;
            self.item(item, indent, column)?;
        }
        self.bare(&mut bare, indent)
    }

    fn bare(&mut self, names: &mut Vec<&str>, indent: usize) -> io::Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let mut spans = Vec::new();
        for (at, name) in names.drain(..).enumerate() {
            if at > 0 {
                spans.push(Span::plain(", "));
            }
            spans.push(strong(name));
        }
        self.flow(Lead::blank(indent), indent, &spans)
    }

    fn item(&mut self, item: &Item, indent: usize, column: usize) -> io::Result<()> {
        let badges = badges(item);
        let mut lead = Lead::blank(indent);
        let begins = matches!(item.text[..], [Block::Paragraph(_), ..]) || !badges.is_empty();
        let beside = begins
            && self.width >= TWO_COLUMNS
            && item.name.width() <= column
            && indent + column + 2 <= self.width / 2;
        let inner = if beside { indent + column + 2 } else { indent + 4 };
        let mut first = Vec::new();
        if beside {
            lead.add(self.out, Style::Strong, &item.name);
        } else {
            first.push(strong(&item.name));
            first.push(Span::plain(" "));
        }
        if !badges.is_empty() {
            first.push(Span::plain(format!("({}) ", badges.join(", "))));
        }
        let mut rest = &item.text[..];
        if let ([Block::Paragraph(spans), more @ ..], true) = (rest, beside) {
            first.extend(spans.iter().cloned());
            rest = more;
        }
        self.flow(lead, inner, &first)?;
        // Parts in parts would soon stand at the right border.
        let is_flat = rest.iter().all(|block| matches!(block, Block::Paragraph(_)));
        self.blocks(rest, if is_flat { inner } else { indent + 4 })
    }

    /// Prints blocks, with an empty line between paragraphs.
    fn blocks(&mut self, blocks: &[Block], indent: usize) -> io::Result<()> {
        let mut rest = blocks;
        let mut last_was_text = false;
        while let Some((first, more)) = rest.split_first() {
            rest = more;
            if last_was_text && !matches!(first, Block::Item(_)) {
                self.out.line("")?;
            }
            last_was_text = !matches!(first, Block::Item(_));
            match first {
                Block::Paragraph(spans) => self.flow(Lead::blank(indent), indent, spans)?,
                Block::Note(label, text) => {
                    let mut lead = Lead::blank(indent);
                    lead.add(self.out, Style::Strong, &format!("{label}:"));
                    let (mut first, mut rest) = (&[][..], &text[..]);
                    if let [Block::Paragraph(spans), more @ ..] = rest {
                        (first, rest) = (spans, more);
                    }
                    self.flow(lead, indent + 2, first)?;
                    self.blocks(rest, indent + 2)?;
                }
                Block::Example { title, lines } => self.example(title, lines, indent)?,
                Block::Item(item) => {
                    let mut items = vec![item];
                    while let Some((Block::Item(item), more)) = rest.split_first() {
                        items.push(item);
                        rest = more;
                    }
                    self.items(&items, indent)?;
                }
            }
        }
        Ok(())
    }

    /// Prints an example, whose lines are cut nowhere.
    fn example(&mut self, title: &str, lines: &[String], indent: usize) -> io::Result<()> {
        let title =
            if title.is_empty() { "Example:".to_owned() } else { format!("Example: {title}") };
        self.flow(Lead::blank(indent), indent + 2, &[Span::plain(title)])?;
        for line in lines {
            let line = self.out.styled(Style::Dim, line);
            self.out.line(format!("{}{line}", " ".repeat(indent + 2)).trim_end())?;
        }
        Ok(())
    }

    /// Prints a paragraph: after the lead, the words as they fit, indented.
    pub(super) fn flow(&mut self, lead: Lead, indent: usize, spans: &[Span]) -> io::Result<()> {
        // Names in a column of their own would leave a narrow terminal no room.
        let indent = indent.min(self.width / 2);
        let mut line = lead;
        let mut is_begun = false;
        for word in words(spans) {
            for word in broken(word, self.width - indent) {
                let width: usize = word.iter().map(|piece| piece.text.width()).sum();
                let gap = match (is_begun, line.has_text) {
                    (true, _) => 1,
                    (false, true) => indent.saturating_sub(line.width).max(1),
                    (false, false) => 0,
                };
                if (is_begun || line.has_text) && line.width + gap + width > self.width {
                    self.out.line(line.text.trim_end())?;
                    line = Lead::blank(indent);
                } else {
                    line.pad(gap);
                }
                is_begun = true;
                for piece in word {
                    line.width += piece.text.width();
                    line.has_text = true;
                    match piece.strong {
                        true => line.text += &self.out.styled(Style::Strong, &piece.text),
                        false => line.text += &piece.text,
                    }
                }
            }
        }
        self.out.line(line.text.trim_end())
    }
}

/// The beginning of a line.
#[derive(Debug, Default)]
pub(super) struct Lead {
    text: String,
    width: usize,
    has_text: bool,
}

impl Lead {
    pub(super) fn blank(width: usize) -> Self {
        Self { text: " ".repeat(width), width, has_text: false }
    }

    fn pad(&mut self, blanks: usize) {
        self.text += &" ".repeat(blanks);
        self.width += blanks;
    }

    fn add(&mut self, out: &Out, style: Style, text: &str) {
        self.text += &out.styled(style, text);
        self.width += text.width();
        self.has_text = true;
    }
}

fn strong(text: impl Into<String>) -> Span {
    Span { text: text.into(), strong: true }
}

fn title(article: &Article) -> String {
    match (&article.of, article.kind) {
        (Some(of), Kind::Variable) => format!("{}, set by {of}", article.kind.title()),
        (Some(of), kind) => format!("{} of {of}", kind.title()),
        (None, kind) => kind.title().to_owned(),
    }
}

fn items_title(article: &Article) -> &'static str {
    match article.kind {
        Kind::Event => "Fields",
        Kind::Variable => "Values",
        Kind::Config => "Parts",
        Kind::Class => "Users with it in",
        _ => "Parameters",
    }
}

fn badges(item: &Item) -> Vec<String> {
    let mut badges = Vec::new();
    if item.required {
        badges.push("required".to_owned());
    }
    if item.repeats {
        badges.push("can be repeated".to_owned());
    }
    badges.extend(item.value.map(str::to_ascii_lowercase));
    badges.extend(item.default.as_ref().map(|default| format!("default {default}")));
    badges
}

/// Returns the words of a paragraph, each of pieces in different styles.
fn words(spans: &[Span]) -> Vec<Vec<Span>> {
    let mut words: Vec<Vec<Span>> = Vec::new();
    let mut is_open = false;
    for span in spans {
        for (at, text) in span.text.split(' ').enumerate() {
            is_open &= at == 0;
            if text.is_empty() {
                continue;
            }
            let piece = Span { text: text.to_owned(), strong: span.strong };
            match words.last_mut().filter(|_| is_open) {
                Some(word) => word.push(piece),
                None => words.push(vec![piece]),
            }
            is_open = true;
        }
    }
    words
}

/// Returns a word in parts that fit into a line.
fn broken(word: Vec<Span>, width: usize) -> Vec<Vec<Span>> {
    if word.iter().map(|piece| piece.text.width()).sum::<usize>() <= width {
        return vec![word];
    }
    let mut parts = vec![Vec::new()];
    let mut taken = 0;
    for piece in word {
        let mut text = String::new();
        for char in piece.text.chars() {
            let wide = char.width().unwrap_or_default();
            if taken + wide > width {
                let text = std::mem::take(&mut text);
                if let Some(part) = parts.last_mut().filter(|_| !text.is_empty()) {
                    part.push(Span { text, strong: piece.strong });
                }
                parts.push(Vec::new());
                taken = 0;
            }
            text.push(char);
            taken += wide;
        }
        if let Some(part) = parts.last_mut() {
            part.push(Span { text, strong: piece.strong });
        }
    }
    parts
}
