//! Several change sets as one: what they have done together.

use std::collections::HashMap;

use super::named::BlockNames;
use super::{ChangeSet, PageChange, PageRun};

/// A page that was touched, perhaps more than once.
struct NetPage {
    run: PageRun,
    before: Vec<u64>,
    after: Vec<u64>,
    written: Vec<u64>,
    /// One for each word, as soon as something was written in it.
    names: Vec<Option<BlockNames>>,
}

impl ChangeSet {
    /// What `sets`, which follow on each other and name their entities, have done together to the rows of the tables that are
    /// `wanted`: each page as it was before the first that touched it, and after the last.
    ///
    /// Pages come table by table, in the order of slots. Of the entities themselves nothing is said.
    ///
    /// Cost: proportional to the pages that the sets have touched.
    pub(crate) fn net<'a>(sets: impl IntoIterator<Item = &'a Self>, mut wanted: impl FnMut(u16) -> bool) -> Self {
        let mut pages: Vec<NetPage> = Vec::new();
        let mut places: HashMap<(u16, u32), usize> = HashMap::new();
        let mut net = Self::default();
        for set in sets {
            net.version = set.version;
            for page in set.pages() {
                if !wanted(page.table()) {
                    continue;
                }
                let place = *places.entry((page.table(), page.first_slot())).or_insert(pages.len());
                match pages.get_mut(place) {
                    Some(known) => known.go_on(&page),
                    None => pages.push(NetPage::begin(&page)),
                }
            }
        }
        pages.sort_unstable_by_key(|page| (page.run.table, page.run.first_slot));
        for page in pages {
            net.push(page);
        }
        net
    }

    fn push(&mut self, page: NetPage) {
        let mut run = page.run;
        run.words_at = self.words.len() as u32;
        run.names_at = self.names.len() as u32;
        for words in [page.before, page.after, page.written] {
            self.words.extend(words);
        }
        self.names.extend(page.names.into_iter().flatten());
        self.pages.push(run);
    }
}

impl NetPage {
    fn begin(page: &PageChange<'_>) -> Self {
        let mut net = Self {
            run: page.run.clone(),
            before: page.before.to_vec(),
            after: page.after.to_vec(),
            written: vec![0; page.written.len()],
            names: vec![None; page.written.len()],
        };
        net.go_on(page);
        net
    }

    fn go_on(&mut self, page: &PageChange<'_>) {
        self.run.after = page.run.after.clone();
        self.run.columns = self.run.columns.union(page.run.columns);
        self.after.copy_from_slice(page.after);
        let mut names = page.names().iter();
        for (index, written) in page.written.iter().enumerate().filter(|(_, written)| **written != 0) {
            self.written[index] |= written;
            let Some(names) = names.next() else { continue };
            // Who had a row that nobody has touched so far has it since the beginning.
            let known = self.names[index].get_or_insert_with(|| names.clone());
            known.after = names.after.clone();
        }
    }
}
