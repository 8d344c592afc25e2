//! stub
#![allow(dead_code)]
mod crypto;
