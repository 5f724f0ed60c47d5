package scheduler

// Parse reads a Submission.
var Parse = parse
