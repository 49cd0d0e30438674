"""The endpoints under `/api/v1`, one file per noun; each calls one service."""
