package sql

// ddlRefusals documents the codes of data definition: PV2xx.
func ddlRefusals() []RefusalDoc { return nil }
