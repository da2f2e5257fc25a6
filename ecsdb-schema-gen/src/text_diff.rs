//! The differences of two texts, line by line.

/// How many lines are shown before and after a difference.
const CONTEXT: usize = 2;

/// The most pairs of lines that are compared to find the shortest difference; with more, all that differs is shown.
const PAIRS_MAX: usize = 4_000_000;

/// One line of a difference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line<'t> {
    Same(&'t str),
    Old(&'t str),
    New(&'t str),
}

/// The lines that differ, `-` before those of `old` and `+` before those of `new`, with some that do not around them.
pub fn line_diff(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let before = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (&old[before..], &new[before..]);
    let after = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old_part, new_part) = (&old_rest[..old_rest.len() - after], &new_rest[..new_rest.len() - after]);

    let mut lines: Vec<Line<'_>> = old[..before].iter().map(|line| Line::Same(line)).collect();
    shortest(old_part, new_part, &mut lines);
    lines.extend(old[old.len() - after..].iter().map(|line| Line::Same(line)));
    shown(&lines)
}

/// Appends the lines of both, those that both have once: a longest common part.
fn shortest<'t>(old: &[&'t str], new: &[&'t str], lines: &mut Vec<Line<'t>>) {
    if old.len().saturating_mul(new.len()) > PAIRS_MAX {
        lines.extend(old.iter().map(|line| Line::Old(line)));
        lines.extend(new.iter().map(|line| Line::New(line)));
        return;
    }
    // How many lines the rests behind both places have in common.
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for (a, old_line) in old.iter().enumerate().rev() {
        for (b, new_line) in new.iter().enumerate().rev() {
            common[a * width + b] = if old_line == new_line {
                common[(a + 1) * width + b + 1] + 1
            } else {
                common[(a + 1) * width + b].max(common[a * width + b + 1])
            };
        }
    }
    let (mut a, mut b) = (0, 0);
    while a < old.len() || b < new.len() {
        if a < old.len() && b < new.len() && old[a] == new[b] {
            lines.push(Line::Same(old[a]));
            (a, b) = (a + 1, b + 1);
        } else if b == new.len() || a < old.len() && common[(a + 1) * width + b] >= common[a * width + b + 1] {
            lines.push(Line::Old(old[a]));
            a += 1;
        } else {
            lines.push(Line::New(new[b]));
            b += 1;
        }
    }
}

fn shown(lines: &[Line<'_>]) -> String {
    let differs = |index: usize| !matches!(lines[index], Line::Same(_));
    let is_near = |index: usize| {
        let range = index.saturating_sub(CONTEXT)..(index + CONTEXT + 1).min(lines.len());
        range.into_iter().any(differs)
    };
    let mut text = String::new();
    let mut skipped = false;
    for (index, line) in lines.iter().enumerate() {
        if !is_near(index) {
            skipped = true;
            continue;
        }
        if skipped {
            text.push_str("  ...\n");
            skipped = false;
        }
        let (sign, line) = match line {
            Line::Same(line) => (' ', line),
            Line::Old(line) => ('-', line),
            Line::New(line) => ('+', line),
        };
        text.push_str(format!("{sign} {line}").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_difference_is_shown() {
        assert_eq!(line_diff("a\nb", "a\nb"), "");
        assert_eq!(line_diff("a\nb\nc\nd\ne\nf", "a\nb\nc\nX\ne\nf\n"), "  ...\n  b\n  c\n- d\n+ X\n  e\n  f\n");
        assert_eq!(line_diff("", "a"), "+ a\n");
        assert_eq!(line_diff("a\nb\nc", "b\nc\nd"), "- a\n  b\n  c\n+ d\n");
        assert_eq!(line_diff("x\na\nb", "y\na\nz"), "- x\n+ y\n  a\n- b\n+ z\n");
    }

    #[test]
    fn very_different_texts_are_shown_as_they_are() {
        let old: String = (0..2100).map(|number| format!("a{number}\n")).collect();
        let new = old.replace('a', "b");
        assert_eq!(line_diff(&old, &new).lines().count(), 4200);
    }
}
