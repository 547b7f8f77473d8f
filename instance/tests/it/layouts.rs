//! Servers wherever `make install` puts them.
