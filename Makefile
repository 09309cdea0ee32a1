# Every target explains itself in `make help`.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

export CGO_ENABLED ?= 1
GO ?= go
TOOL := $(GO) tool -modfile=$(CURDIR)/internal/tools/go.mod
GOLANGCI_LINT := $(TOOL) golangci-lint
COVER_MIN := 80

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: dev
dev: ## run everything in one process on 127.0.0.1:8700
	$(GO) run ./cmd/streamer dev

.PHONY: setup
setup: ## install what the tests need beside Go, where that is allowed; else say what to type
	@[[ -n "$(INSTALLED)" ]] || .ci/setup

# Two at a time where no test goes by the clock: most wait for one thing after the other.
ALONE := $(MAKE) --no-print-directory INSTALLED=1
AT_ONCE := $(ALONE) -j2 --output-sync=target
.PHONY: test
test: npm ## the test command: set up, vet, staticcheck, every test with -race, coverage, the TypeScript client
	$(ALONE) typescript
	$(AT_ONCE) vet own-action
	$(ALONE) cover
	$(AT_ONCE) baseline bench budget

NPM_FOLDERS := clients/typescript verify/node verify/strangers deploy/validate deploy/tools/cdk
.PHONY: npm
npm: setup ## install what the tests need from npm
	@[[ -n "$(INSTALLED)" ]] || for folder in $(NPM_FOLDERS); do (cd $$folder && npm ci --no-audit --no-fund --loglevel=error); done

.PHONY: typescript
typescript: npm ## the TypeScript client: types, size, tests; the types of the console
	@cd clients/typescript && npm test && node_modules/.bin/tsc -p ../../console/tsconfig.json && node_modules/.bin/tsc -p ../../examples/csv-page/tsconfig.json

# Every module of the repository by its folder.
MODULES := $(dir $(shell git ls-files '*go.mod'))

.PHONY: lint
lint: ## golangci-lint over every module, biome over the TypeScript, actionlint over the workflows
	@for module in $(filter-out %tools/,$(MODULES)); do \
		echo "golangci-lint in $$module"; (cd $$module && $(GOLANGCI_LINT) run --config $(CURDIR)/.golangci.yml ./...); \
	done
	cd clients/typescript && npm run --silent lint
	$(GO) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 .github/workflows/*.yml deploy/tools/github/deploy.yml

.PHONY: fmt
fmt: ## format the Go and the TypeScript
	@gofmt -w $$(git ls-files '*.go')
	cd clients/typescript && npm run --silent fmt

.PHONY: tidy
tidy: ## make every go.mod and go.sum what the module needs
	@for module in $(MODULES); do $(GO) -C $$module mod tidy; done

.PHONY: generate
generate: npm ## write what is generated and committed: types, bundled scripts, docs/cli.md, examples/own-action, the model in docs/requests.md, golden frames
	$(GO) test -count=1 ./internal/typegen ./examples/csv-page/page -run '^TestWhatIsWritten$$|^TestTypes$$' -update
	@cd clients/typescript && node scripts/bundle.mjs
	$(GO) test -count=1 ./internal/model ./wire -update
	$(GO) test -count=1 ./cmd/cli -run '^TestReference$$|^TestOwnActionIsWhatNewWrites$$' -update

.PHONY: check-clean
check-clean: npm ## fail when generate, tidy and fmt change a file
	@before=$$(git diff | git hash-object --stdin); $(MAKE) --no-print-directory generate tidy fmt; \
	[[ $$before == $$(git diff | git hash-object --stdin) ]] || { \
		git diff --stat; echo "make generate tidy fmt changed files: commit what it wrote" >&2; exit 1; }

.PHONY: own-action
own-action: ## a project of one's own, outside this module: streamer new, test, run, call, dist, verify on staging
	@.ci/road

.PHONY: vet
vet: ## gofmt, go vet and staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [[ -n "$$unformatted" ]]; then echo "gofmt -w would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(TOOL) staticcheck ./...

# Every package counts for the coverage of every other, but not the mains of the
# functions, which are run as processes, and not the compressor, whose loops a counter
# for each line makes a hundred times slower.
COVER_PKGS = $(shell $(GO) list ./... | grep -vE '/(cmd/(streamer|connect|disconnect|router|processor)|internal/deflate)$$' | paste -sd, -)

# SQLite is C that was translated to Go, half of what the tests compute under the race
# detector, and none of its memory is ours: it is compiled without. What it stands on is not,
# since a linker takes any package's copy of a generic function for all.
UNRACED = -gcflags='modernc.org/sqlite/lib=-race=false'

# What only computes is run without the race detector, which makes it ten times slower. What
# waits most is begun first.
COMPUTED = ./actions/profilecsv ./internal/deflate ./lift/internal/redact
RACED = $(shell $(GO) list ./verify ./... | grep -vE '/(actions/profilecsv|internal/deflate|lift/internal/redact)$$')

.PHONY: cover
cover: ## every test with -race; fails below 80 % coverage
	$(GO) test -count=1 -run 'ThePageHas|TenThousand|AreKept|Schedule' ./internal/scale . 2>&1 | .ci/failures
	$(GO) test -count=1 ./prove $(COMPUTED) 2>&1 | .ci/failures
	$(GO) test -race $(UNRACED) -count=1 -timeout 14m -coverpkg=$(COVER_PKGS) -coverprofile=coverage.out $(RACED) 2>&1 | .ci/failures
	@$(GO) tool cover -func=coverage.out | awk -v min=$(COVER_MIN) '/^total:/ { sub("%","",$$3); \
		printf "coverage: %s %% of statements (at least %s %%)\n", $$3, min; exit ($$3 < min) }'

.PHONY: database
database:
	@ls .cache/dynoxide/dynoxide-[0-9]* >/dev/null 2>&1 || $(GO) test -run TestInstallStartStop ./emulator/dynamodb

.PHONY: baseline
baseline: database ## the functions without Lift, a module of its own: vet, staticcheck, tests
	cd measure/baseline && $(GO) vet ./... && $(GO) tool -modfile=../../internal/tools/go.mod staticcheck ./... && $(GO) test -race -count=1 ./...

.PHONY: short
short: ## the tests without -race and without the long ones, for the inner loop
	$(GO) test -short ./...

.PHONY: elsewhere
elsewhere: ## vet for macOS and build the CLI for Windows
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 $(GO) vet ./emulator/lambda ./stack ./cmd/cli ./cmd/streamer
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./cmd/streamer

FUZZTIME ?= 20s
.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (default 20s) each
	@for module in . measure/baseline; do \
		for pkg in $$($(GO) -C $$module list ./...); do \
			for target in $$($(GO) -C $$module test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
				echo "== $$pkg $$target"; $(GO) -C $$module test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
			done; \
		done; \
	done

RIE_VERSION := v0.0.0-20261030222936-bef5c4ba774d
.PHONY: rie
rie: ## the examples of Lift on AWS's own Runtime Interface Emulator, in both of its modes; that for several at once needs root
	@GOBIN=$(CURDIR)/.cache/bin $(GO) install github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@$(RIE_VERSION)
	LIFT_TEST_RIE=$(CURDIR)/.cache/bin/aws-lambda-rie $(GO) test -count=1 ./lift -run RuntimeInterfaceEmulator

.PHONY: generators
generators: ## generators of OpenAPI clients read a document of Lift's, and their clients talk to the app
	cd verify/generators && npm ci --no-audit --no-fund --loglevel=error && $(GO) vet ./... && $(GO) test -count=1 ./...

.PHONY: strangers
strangers: export STREAMER_STRANGERS := 1
strangers: npm generators rie ## what nobody here wrote agrees: signers, clients, issuers, SDKs, generators, AWS's emulator and validators
	@.ci/setup strangers
	$(GO) -C verify/strangers/xray test -count=1 ./...
	$(GO) test -count=1 ./verify/strangers/... ./emulator/iam ./emulator/queue ./deploy/...
	$(GO) test -count=1 ./verify -run 'Interop|RealIssuer|Workload'
	$(GO) test -count=1 ./stack -run PartsOfAProject

CENTRIFUGO_VERSION := v6.9.1
.PHONY: peers
peers: ## the same job on Streamer, Temporal, DBOS and River, and connections beside Centrifugo's, in turns: writes docs/compare.md
	@.ci/setup peers
	@GOBIN=$(CURDIR)/.cache/bin $(GO) install github.com/centrifugal/centrifugo/v6@$(CENTRIFUGO_VERSION)
	$(GO) -C measure/peers/temporal build -o ../../../.cache/bin/temporal .
	$(GO) -C measure/peers build -o ../../.cache/bin/peers .
	.cache/bin/peers --temporal .cache/bin/temporal --centrifugo .cache/bin/centrifugo --page docs/compare.md

.PHONY: bench
bench: database ## the measuring tools, modules of their own: vet, staticcheck, tests
	cd measure/soak && $(GO) test -count=1 ./...
	cd measure/bench && $(GO) vet ./... && $(GO) tool -modfile=../../internal/tools/go.mod staticcheck ./... && $(GO) test -race -count=1 ./...

.PHONY: budget
budget: database ## what repeats exactly: zips, packages, allocations, calls, against budget.json
	$(GO) test -count=1 -v -run 'Budget|Allocations' ./lift/...
	$(GO) -C measure/bench run . budget

.PHONY: report
report: ## measure both sides in turns, 15 minutes on two quiet cores, and write docs/report
	$(GO) -C measure/bench build -o ../../.cache/bench .
	.cache/bench run --root .

.PHONY: against
against: database ## zips, cold starts and dispatch beside those of BASE, a commit: ten minutes on two quiet cores
	$(GO) -C measure/bench run . against --base $(BASE)

.PHONY: dist
dist: ## reproducible zips of the four functions for Lambda, in dist/, as streamer dist makes them of any project
	@$(GO) run ./cmd/streamer dist --arch arm64,amd64

# What a release consists of, in dist/release: the CLI for three systems, the zips
# of the functions, the npm package, the notes and the checksums of all.
SYSTEMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
.PHONY: release
release: dist ## the files of a release in dist/release; VERSION=v0.1.0 names it
	@[[ "$(VERSION)" == v*.*.* ]] || { echo 'VERSION="$(VERSION)" is not a version such as v0.1.0: make release VERSION=v0.1.0' >&2; exit 1; }
	@number=$(VERSION); number=$${number#v}; out=dist/release; rm -rf $$out; mkdir -p $$out; \
	[[ $$(node -p 'require("./clients/typescript/package.json").version') == $$number ]] || { \
		echo "clients/typescript/package.json has not the version $$number: see RELEASE.md" >&2; exit 1; }; \
	awk -v head="## $$number" 'index($$0, "## ") == 1 { on = index($$0 " ", head " ") == 1; next } on' CHANGELOG.md >$$out/NOTES.md; \
	grep -q . $$out/NOTES.md || { echo "CHANGELOG.md has no section $$number: see RELEASE.md" >&2; exit 1; }; \
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(GO) run ./cmd/streamer man dist/man; \
	for system in $(SYSTEMS); do \
		os=$${system%/*} arch=$${system#*/} folder=dist/cli/$${system/\//-}; mkdir -p $$folder; cp -r LICENSE README.md dist/man $$folder; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags='-s -w -buildid=' -o $$folder ./cmd/streamer; \
		tar -czf $$out/streamer_$${number}_$${os}_$$arch.tar.gz --sort=name --owner=0 --group=0 --mtime=@0 -C $$folder .; \
	done; \
	cp dist/*.zip $$out; \
	(cd clients/typescript && npm pack --silent --pack-destination ../../$$out); \
	cd $$out && sha256sum -- *.tar.gz *.zip *.tgz NOTES.md >SHA256SUMS && cat SHA256SUMS

.PHONY: console-many
console-many: npm ## the console over 100,000 requests: right figures, the first within a second, small views, for everyone
	$(GO) test -count=1 -v -timeout 20m ./console -run '^TestManyRequests$$' -console.requests=100000 -console.first=1s -console.thorough

BASE ?= 6efa51a
.PHONY: console-first
console-first: npm ## how soon the overview has a figure at three seconds a call, before (BASE, a commit) and now
	@.ci/console-first $(BASE)

.PHONY: screenshots
screenshots: npm ## a screenshot of each view of the console with 3,000 requests, in docs/console
	@mkdir -p docs/console
	$(GO) test -count=1 ./console -run '^TestManyRequests$$' -console.screenshots=../docs/console

PROVE_SEED ?= 1
.PHONY: prove
prove: ## 10,000 requests and 1,000 killed workers over each store, and SIGKILL on the staging stack
	$(GO) test -count=1 -v -timeout 90m ./prove -run '^TestMixOver|^TestNoTenant' -prove.seed=$(PROVE_SEED) -prove.requests=10000 -prove.kills=1000
	$(GO) test -count=1 -v -timeout 30m ./verify -run '^TestProveStaging' -prove.seed=$(PROVE_SEED) -prove.requests=200 -prove.kills=16

SOAK ?= 1h
.PHONY: soak
soak: database ## dev and staging under mixed load with kills for SOAK (default 1h): what grows, is lost or stuck; docs/soak.md and docs/soak
	$(GO) -C measure/soak build -o ../../.cache/soak .
	.cache/soak --root . --for $(SOAK) --out docs/soak --page docs/soak.md

.PHONY: scale
scale: ## a model of AWS's quotas under 10,000 requests a second: where a stage ends, written into docs/scale.md
	$(GO) run ./internal/scale

MUTANTS ?=
.PHONY: mutants
mutants: npm ## break the code on purpose, a fault at a time, run what should notice, and write into docs/prove.md what did; MUTANTS are flags
	$(GO) run ./internal/mutants $(MUTANTS)
