// Package config holds the files that an admin starts from: settings, roster, their JSON Schemas and a service unit.
package config

import "embed"

// Files are the files of this folder, by name.
//
//go:embed holdfast.yaml roster.yaml holdfast.schema.json roster.schema.json holdfast.service
var Files embed.FS

// Starters are the names of the files that `holdfast init` writes. The schemas are what editors complete and check by.
var Starters = []string{"holdfast.yaml", "roster.yaml", "holdfast.schema.json", "roster.schema.json"}
