//go:build tools

// Package tools pins the program that build-tools.sh builds; it is never compiled itself.
package tools

import _ "gitea.com/gitea/runner"
