// Package images builds the images of deploy/docker and runs them, alone and
// as deploy/compose puts them together, on an engine of Docker's of its own: in
// namespaces of its own (network, mounts, processes), with its data in a
// temporary folder, gone when the test is. Nothing is pulled: scripts/docker-lab
// makes what stands in for the images that deploy/ builds on.
//
//	make test-images     each image, built and looked at
//	make test-compose    5,000 jobs while every container is killed in turn
package images
