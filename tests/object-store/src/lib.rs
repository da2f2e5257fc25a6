//! Tests of archives in object stores, against a server that speaks S3 and that the tests start themselves. A package of its own,
//! since such a server brings a hundred others.
