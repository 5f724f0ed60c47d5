package report

// IEEE is the skeleton of a paper.
func IEEE(data []byte, lang string) ([]File, error) { return Full(data, lang) }
