# Everything a developer runs. `make` alone lists it.

SHELL := /bin/bash
GO    ?= go
BIN   := bin
# From the newest tag; a tree without git is "devel".
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X turno/internal/config.Version=$(VERSION)

# make test RUN=TestName PKG=./internal/broker/...
RUN ?=
PKG ?= ./...
# The slowest package must end long before this; it is for what hangs.
TIMEOUT ?= 15m

CROSS := linux/amd64 linux/arm64 windows/amd64 windows/arm64 darwin/amd64 darwin/arm64

# make chaos MINUTES=0.5 SEED=7 begins with that seed
MINUTES ?= 10
SEED ?=

# make matrix N=20 ROWS=3,12 JOBS=3: rows side by side
N ?= 20
ROWS ?=
JOBS ?= 3

# make images TARGETS=server: only that one; IMAGE_ARGS='--build-arg CUDA=…'
TARGETS ?= server worker-cpu worker-gpu worker-torch monitor
IMAGE_ARGS ?=
TAG ?= latest

.PHONY: images test-images test-compose test-wine test-helm help build web demo test test-rabbitmq-next check chaos matrix bench bench-servers bench-dashboard bench-scaling bench-recovery bench-peers bench-cpu bench-train cross release deb lint fmt clean testenv

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/turno: static but for the dynamic loader, no cgo
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/turno ./cmd/turno

web: ## make the dashboard's files anew: web/src to web/dist
	$(GO) test -count=1 -run Dist_IsWhat ./web/bundle -update

demo: build ## build, and show a whole turno at work on this machine
	$(BIN)/turno demo

test: testenv ## everything, with the race detector, on real servers (RUN=, PKG=, TIMEOUT=)
	$(BIN)/services -- $(BIN)/gotest -race -count=1 -timeout $(TIMEOUT) $(if $(RUN),-run '$(RUN)') $(PKG)

testenv:
	@scripts/test-deps
	@$(GO) build -o $(BIN)/ ./internal/testenv/cmd/...

check: ## vet, lint and the tests that need no server: quick
	$(GO) vet ./...
	$(GO) test -short $(if $(RUN),-run '$(RUN)') $(PKG)

chaos: testenv ## faults by ever new seeds, on both stacks, as root (MINUTES=, SEED=): docs/reliability.md
	TURNO_CHAOS_MINUTES=$(MINUTES) TURNO_CHAOS_SEED=$(SEED) $(GO) test -count=1 -v -timeout 25h -run Nemesis ./test/chaos | grep --line-buffered -v '=== '

matrix: testenv ## each row of the matrix of faults N times, and a table of it, as root (N=, ROWS=, SEED=, JOBS=)
	TURNO_MATRIX_RUNS=$(N) TURNO_MATRIX_ROWS=$(ROWS) TURNO_CHAOS_SEED=$(SEED) $(GO) test -count=1 -v -timeout 25h -parallel $(JOBS) -run Matrix ./test/chaos | grep --line-buffered -v '=== '

# Debian and root; two minutes more the first time.
NEXT := $(abspath $(BIN))/rabbitmq-next
test-rabbitmq-next: testenv ## what speaks to RabbitMQ, on 4.x instead of Debian 12's 3.10
	scripts/next-debian $(NEXT) usr/lib/rabbitmq/bin/rabbitmq-server rabbitmq-server
	TMPDIR=$(NEXT)/tmp TURNO_TEST_RABBITMQ_ROOT=$(NEXT) $(GO) test -count=1 -p 1 -timeout 30m ./internal/broker/rabbitmq ./test/amqp
	TMPDIR=$(NEXT)/tmp TURNO_TEST_RABBITMQ_ROOT=$(NEXT) $(GO) test -count=1 -p 1 -timeout 30m -run Apart ./test/chaos ./test/kill

# Debian and root; 1.4 GB, and three minutes more the first time. Debian 12's own
# wine is too old for Go.
WINE := $(abspath $(BIN))/wine
WINE_PKG := ./internal/role/worker/child/... ./internal/lockfile ./internal/files/folder ./internal/store/sqlite ./internal/config ./internal/cert
test-wine: ## the Windows program, and packages with code for Windows, under wine
	scripts/next-debian $(WINE) usr/lib/wine/wine64 wine64
	GOOS=windows CGO_ENABLED=0 $(GO) test -count=1 -p 1 -timeout 20m -exec "$(CURDIR)/scripts/wine $(WINE)" $(WINE_PKG)
	GOOS=windows CGO_ENABLED=0 $(GO) test -count=1 -timeout 10m -exec "$(CURDIR)/scripts/wine $(WINE)" -run Journal ./internal/role/worker
	TURNO_TEST_REQUIRE=wine TURNO_TEST_WINE=$(WINE) $(GO) test -count=1 -timeout 20m ./test/wine

# Helm's own source: two minutes of two cores each, the first time.
HELM3 := $(abspath $(BIN))/helm3
HELM4 := $(abspath $(BIN))/helm4
test-helm: ## the chart, rendered and checked by helm itself, the last of 3 and of 4
	@[ -x $(HELM3)/helm ] || GOBIN=$(HELM3) CGO_ENABLED=0 $(GO) install helm.sh/helm/v3/cmd/helm@v3.22.0
	@[ -x $(HELM4)/helm ] || GOBIN=$(HELM4) CGO_ENABLED=0 $(GO) install helm.sh/helm/v4/cmd/helm@v4.3.1
	for helm in $(HELM3) $(HELM4); do \
	  $$helm/helm lint --strict deploy/helm/turno && TURNO_TEST_HELM=$$helm/helm $(GO) test -count=1 -run Chart ./test/deploy || exit 1; \
	done

# Docker with BuildKit: docs/docker.md.
images: ## build turno's images (TARGETS=, TAG=, IMAGE_ARGS=)
	@for target in $(TARGETS); do \
	  echo "build turno-$$target:$(TAG)"; \
	  DOCKER_BUILDKIT=1 docker build -q -f deploy/docker/Dockerfile --target $$target -t turno-$$target:$(TAG) \
	    --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) $(IMAGE_ARGS) . || exit 1; \
	done

# Debian and root; about ten minutes each on two cores, and three GB.
DOCKER_LAB := $(abspath $(BIN))/docker
test-images: ## build the images on an engine of the test's own, and look at each
	scripts/docker-lab $(DOCKER_LAB) --torch
	TURNO_TEST_REQUIRE=engine TURNO_TEST_ENGINE=$(DOCKER_LAB) $(GO) test -count=1 -v -timeout 40m -run Images ./test/images

test-compose: ## 5,000 jobs on deploy/compose while each of its containers is killed
	scripts/docker-lab $(DOCKER_LAB)
	TURNO_TEST_REQUIRE=engine TURNO_TEST_ENGINE=$(DOCKER_LAB) $(GO) test -count=1 -v -timeout 40m -run Compose ./test/images

bench: build ## measure the queue, and runners, on this machine
	$(BIN)/turno bench queue
	$(BIN)/turno bench runner --runner 'torch=/usr/bin/python3 runners/python/torch_workloads.py'

bench-scaling: build testenv ## no-op jobs and commands with 1, 2, 4 and 8 workers, on RabbitMQ and PostgreSQL
	$(BIN)/services -durable -- sh -c '$(BIN)/turno bench queue --mode scaling --broker "$$TURNO_TEST_RABBITMQ_URL" --store "$$TURNO_TEST_POSTGRES_URL"'

bench-recovery: testenv ## how long after kill -9 a job ends again, with 100,000 waiting
	$(GO) test -count=1 -v -timeout 30m -run ManyQueued ./test/kill | grep --line-buffered -v '=== '

bench-servers: build testenv ## the same as bench on RabbitMQ and a PostgreSQL that syncs
	$(BIN)/services -durable -- sh -c '$(BIN)/turno bench queue --broker "$$TURNO_TEST_RABBITMQ_URL" --store "$$TURNO_TEST_POSTGRES_URL"'

# Debian and root; 25 minutes on two cores. bench/peers/README.md
PEERS_ARGS ?=
bench-peers: build ## measure turno beside Celery, RQ, Dask, Asynq and River (PEERS_ARGS=)
	@scripts/test-deps --peers
	cd bench/peers && CGO_ENABLED=0 $(GO) build -mod=mod -o ../../$(BIN)/peers .
	$(BIN)/peers -turno $(BIN)/turno $(PEERS_ARGS)

bench-cpu: ## matmul beside OpenBLAS, vecadd beside a copy of memory, each in one run
	TURNO_TEST_REQUIRE=openblas $(GO) test -run '^$$' -bench Beside -benchtime 1x ./internal/workload/gemm ./internal/workload/vecadd
bench-dashboard: testenv ## the dashboard before a million jobs, in a real browser (a quarter of an hour)
	TURNO_TEST_REQUIRE=chromium $(GO) test -run '^$$' -bench Million -benchtime 1x -timeout 40m -v ./test/browser

# Debian: apt-get install --no-install-recommends python3-torch
bench-train: ## training steps beside PyTorch's, one thread each
	TURNO_TEST_REQUIRE=torch $(GO) test -run '^$$' -bench BesideTorch -benchtime 1x ./internal/workload/nn

cross: ## build for every platform, without cgo
	@for p in $(CROSS); do \
	  echo "build $$p"; \
	  CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -trimpath -o /dev/null ./... || exit 1; \
	done

release: ## build what is handed out into dist/: archives, Debian packages, SBOM, checksums
	$(GO) run ./internal/release -version $(VERSION) -out dist

deb: ## a Debian package for this machine, in dist/
	$(GO) run ./internal/release -version $(VERSION) -out dist -only linux/$(shell $(GO) env GOARCH)

lint: ## the rules of the house alone: they are Go tests
	$(GO) test -count=1 ./internal/lint/...

fmt: ## gofmt, and what go fix would modernise
	gofmt -w $$(git ls-files -co --exclude-standard '*.go' | grep -v /testdata/)
	$(GO) fix ./...

clean: ## remove what was built here
	rm -rf $(BIN) dist
