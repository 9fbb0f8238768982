-- What the store says about itself, in the clear: which key it wants, and how to tell that key.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Documents. Kind and key are readable, the value is sealed for exactly that kind and key.
CREATE TABLE sealed (
    kind    TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   BLOB NOT NULL,
    changed INTEGER NOT NULL, -- seconds since 1970
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
