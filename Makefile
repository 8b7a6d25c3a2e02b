# Recipes are one line each; what they do stands in scripts/. Paths are relative, so a clone may lie anywhere.
.DEFAULT_GOAL := help
.PHONY: help setup serve test lint bench image clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## Create .venv with everything for development (PYTHON=interpreter)
	@scripts/setup dev

serve: ## Install what is needed and serve ./portico-data (ARGS="--s3-port 9100")
	@scripts/setup runtime
	@exec .venv/bin/portico serve $(ARGS)

test: ## Install what the tests need and run them (ARGS="tests/unit -k range")
	@scripts/test $(ARGS)

lint: ## Check style, types, import direction and dependencies
	@scripts/lint

bench: ## Measure beside other servers and print a table (ARGS="--help")
	@scripts/bench $(ARGS)

image: ## Build the container image (BASE=image TAG=name)
	@scripts/image

clean: ## Remove what these targets made; never ./portico-data
	@rm -rf .venv .venv-* .venv.lock dist htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
