//! Calls that fail.
//!
//! A fault names calls by their numbers, in the order in which they came, or by their methods. What a failure does to the medium is the medium's.

use std::io::{Error, ErrorKind};
use std::ops::Range;

/// The method of [`Media`](ecsdb::media::Media) or [`MediaFile`](ecsdb::media::MediaFile) that was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    CreateDir,
    /// To read or write a file that exists.
    Open,
    /// To make or empty one.
    Create,
    Exists,
    List,
    Rename,
    Remove,
    SyncDir,
    Lock,
    Read,
    Write,
    SyncFile,
    Len,
    SetLen,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The device has an error (`EIO`). A write leaves half of its bytes; a sync makes nothing durable, and what it should have
    /// covered is given up; everything else is not done.
    Device,
    /// The medium is full (`ENOSPC`). As above, for calls that may need room; others do what they should.
    NoSpace,
    /// Reads and writes do half of what they should, and say so; other calls do what they should.
    Short,
    /// Everything fails and changes nothing: the medium is gone, as in a crash.
    Stop,
    /// The program lacks the right (`EACCES`): calls that name a file or a directory do nothing.
    Denied,
}

/// A failure at some calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Numbers of calls, from 0.
    pub calls: Range<usize>,
    /// Of these, calls of this method alone, if one is named.
    pub only: Option<Call>,
    /// What happens to them.
    pub failure: Failure,
}

impl Fault {
    /// At call number `call` alone.
    pub fn at(call: usize, failure: Failure) -> Self {
        Self { calls: call..call + 1, only: None, failure }
    }

    /// At call number `call` and all later ones.
    pub fn from(call: usize, failure: Failure) -> Self {
        Self { calls: call..usize::MAX, only: None, failure }
    }

    /// At calls of the method `only`, whatever their numbers.
    pub fn of(only: Call, failure: Failure) -> Self {
        Self { calls: 0..usize::MAX, only: Some(only), failure }
    }

    /// Whether call number `number` fails so, which is one of `call`.
    pub fn strikes(&self, number: usize, call: Call) -> bool {
        let is_meant = self.calls.contains(&number) && self.only.is_none_or(|only| only == call);
        is_meant && self.failure.concerns(call)
    }
}

impl Failure {
    /// Whether a call can fail so.
    pub fn concerns(self, call: Call) -> bool {
        use Call::{Create, CreateDir, Lock, Read, Rename, SetLen, SyncDir, SyncFile, Write};
        match self {
            Self::Device | Self::Stop => true,
            Self::NoSpace => matches!(call, CreateDir | Create | Rename | SyncDir | Lock | Write | SyncFile | SetLen),
            Self::Short => matches!(call, Read | Write),
            Self::Denied => !matches!(call, Read | Write | SyncFile | Call::Len | SetLen),
        }
    }

    /// What the call returns, unless it only does less.
    pub fn error(self, call: Call) -> Option<Error> {
        let text = |what| format!("simulated {what} at {call:?}");
        match self {
            Self::Device => Some(Error::other(text("input/output error"))),
            Self::NoSpace => Some(Error::new(ErrorKind::StorageFull, text("lack of space"))),
            Self::Stop => Some(Error::other(text("loss of the medium"))),
            Self::Denied => Some(Error::new(ErrorKind::PermissionDenied, text("lack of rights"))),
            Self::Short => None,
        }
    }
}
