package sql

// dmlRefusals documents the codes of SELECT, INSERT, UPDATE, DELETE and MERGE: PV140 to PV199.
func dmlRefusals() []RefusalDoc { return nil }
