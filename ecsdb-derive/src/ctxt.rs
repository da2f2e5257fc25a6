//! Collects errors, so that a user sees all of them at once.

use std::cell::RefCell;
use std::fmt::Display;
use std::thread;

use proc_macro2::Span;
use quote::ToTokens;

/// The errors of one derive so far.
///
/// It panics if it is dropped before [`finish`](Self::finish) has looked at the errors.
pub struct Ctxt {
    /// `None` once they have been taken.
    errors: RefCell<Option<Vec<syn::Error>>>,
}

impl Ctxt {
    /// No errors yet.
    pub fn new() -> Self {
        Self { errors: RefCell::new(Some(Vec::new())) }
    }

    /// An error at one place.
    pub fn at(&self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    /// An error under all of `tokens`.
    pub fn under(&self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// An error of `syn`.
    pub fn push(&self, error: syn::Error) {
        if let Some(errors) = self.errors.borrow_mut().as_mut() {
            errors.push(error);
        }
    }

    /// All errors as one, if there are any.
    pub fn finish(self) -> Result<(), syn::Error> {
        let errors = self.errors.take().unwrap_or_default();
        match errors.into_iter().reduce(|mut all, next| {
            all.combine(next);
            all
        }) {
            Some(all) => Err(all),
            None => Ok(()),
        }
    }
}

impl Drop for Ctxt {
    fn drop(&mut self) {
        if !thread::panicking() && self.errors.borrow().is_some() {
            panic!("the errors of a derive were not looked at");
        }
    }
}
