# For people: each target is a line or two of CMake, and needs nothing installed but make.
#   make                                       build/pfld, and the library beside it
#   make demo [PHOTO=a.jpg] [BOX=l,t,r,b] [MODEL=m.onnx] [ARGS=...]
#                                              the faces of a photo, drawn and as JSON; without
#                                              PHOTO one of a group is fetched from Debian
#   make test | bench [MODEL=m.onnx] | install [PREFIX=/usr/local] | format | lint | clean

JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local
# CMake starts makes of its own: flags of this one are not for them.
cmake = MAKEFLAGS=--no-print-directory cmake
c_files = $$(find include src cli tests fuzz bench examples -name '*.[ch]')

.PHONY: all demo test bench install format lint clean

all:
	@tools/setup build
	@$(cmake) --preset release >/dev/null
	@$(cmake) --build --preset release -j $(JOBS)

demo: all
	@tools/demo "$(PHOTO)" "$(MODEL)" "$(BOX)" $(ARGS)

test:
	@tools/setup test
	@$(cmake) --preset gate >/dev/null
	@$(cmake) --build --preset gate -j $(JOBS)
	@ctest --preset gate -j $(JOBS)

bench: all
	@build/pfld bench $(if $(MODEL),--model "$(MODEL)")

install: all
	@$(cmake) --install build --prefix "$(PREFIX)"

format:
	@tools/setup ci
	@clang-format -i $(c_files)

lint:
	@tools/setup ci
	@clang-format --dry-run -Werror $(c_files)
	@$(cmake) --preset clang >/dev/null
	@tools/tidy build/clang $(JOBS)

clean:
	rm -rf build
