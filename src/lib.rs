//! stub
#![allow(dead_code)]
pub mod authsig;
mod crypto;
