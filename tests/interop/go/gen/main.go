// Command gen writes the Go code of the contract and, for proxies that transcode, its descriptor set.
//
// The contract's files name no Go package, so the packages are given here. They are compiled by protocompile, in this process: protoc need not be there.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// module is the import path below which the code is written.
const module = "triwire.test/interop/pb"

// packages are the Go packages of the contract's own files, below module.
var packages = map[string]string{
	"triwire/options.proto":    "triwire",
	"zitadel/admin.proto":      "admin",
	"zitadel/idp.proto":        "idppb",
	"zitadel/management.proto": "management",
	"zitadel/message.proto":    "zitadel",
	"zitadel/object.proto":     "zitadel",
	"zitadel/options.proto":    "zitadel",
	"zitadel/org.proto":        "orgpb",
	"zitadel/policy.proto":     "policypb",
	"zitadel/user.proto":       "userpb",
}

// elsewhere are files whose Go code comes with a library.
var elsewhere = map[string]string{
	"google/api/annotations.proto": "google.golang.org/genproto/googleapis/api/annotations",
	"google/api/http.proto":        "google.golang.org/genproto/googleapis/api/annotations",
}

func main() {
	log.SetFlags(0)
	protos := flag.String("proto", "", "folder of the contract's proto files")
	out := flag.String("out", "pb", "folder that the code is written to")
	plugins := flag.String("plugins", "", "folder of protoc-gen-go, protoc-gen-go-grpc and protoc-gen-grpc-gateway")
	descriptors := flag.String("descriptors", "", "file that the descriptor set is written to")
	flag.Parse()
	if err := run(*protos, *out, *plugins, *descriptors); err != nil {
		log.Fatal(err)
	}
}

func run(protos, out, plugins, descriptors string) error {
	var names []string
	for name := range packages {
		names = append(names, name)
	}
	slices.Sort(names)
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{protos}}),
	}
	files, err := compiler.Compile(context.Background(), names...)
	if err != nil {
		return err
	}
	set := inOrder(files)
	if descriptors != "" {
		encoded, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: set})
		if err != nil {
			return err
		}
		if err := os.WriteFile(descriptors, encoded, 0o644); err != nil {
			return err
		}
	}
	for _, plugin := range []string{"protoc-gen-go", "protoc-gen-go-grpc", "protoc-gen-grpc-gateway"} {
		if err := generate(filepath.Join(plugins, plugin), out, names, set); err != nil {
			return fmt.Errorf("%s: %w", plugin, err)
		}
	}
	return nil
}

// inOrder lists the files with all that they import, the imported ones first, as plug-ins and readers of descriptor sets expect.
func inOrder(files linker.Files) []*descriptorpb.FileDescriptorProto {
	var set []*descriptorpb.FileDescriptorProto
	seen := map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		imports := file.Imports()
		for i := range imports.Len() {
			add(imports.Get(i).FileDescriptor)
		}
		set = append(set, protoutil.ProtoFromFileDescriptor(file))
	}
	for _, file := range files {
		add(file)
	}
	return set
}

// generate runs a plug-in as protoc would.
func generate(plugin, out string, names []string, set []*descriptorpb.FileDescriptorProto) error {
	parameters := []string{"module=" + module}
	for name, path := range packages {
		parameters = append(parameters, "M"+name+"="+module+"/"+path)
	}
	for name, path := range elsewhere {
		parameters = append(parameters, "M"+name+"="+path)
	}
	slices.Sort(parameters)
	request, err := proto.Marshal(&pluginpb.CodeGeneratorRequest{
		FileToGenerate: names,
		Parameter:      proto.String(strings.Join(parameters, ",")),
		ProtoFile:      set,
	})
	if err != nil {
		return err
	}
	command := exec.Command(plugin)
	command.Stdin = bytes.NewReader(request)
	command.Stderr = os.Stderr
	answer, err := command.Output()
	if err != nil {
		return err
	}
	var response pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(answer, &response); err != nil {
		return err
	}
	if response.Error != nil {
		return fmt.Errorf("%s", response.GetError())
	}
	for _, file := range response.File {
		path := filepath.Join(out, file.GetName())
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(file.GetContent()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
