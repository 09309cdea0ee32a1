// Command temporal runs Temporal's server as its development server does: on SQLite, in
// memory or in a file. It is a module of its own, since the server and the newest SDK
// need two versions of Temporal's API.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	schema "go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
	"go.temporal.io/server/temporaltest"
)

const namespace = "default"

func main() {
	file := flag.String("file", "", "the file to keep everything in; empty: in memory")
	address := flag.String("address", "127.0.0.1:7233", "where a server on a file listens; one in memory chooses")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *file, *address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

// run runs a server until ctx ends: in memory as package temporaltest starts it, or with
// the same settings on a file, which that package does not offer. It prints where it
// listens, and the namespace.
func run(ctx context.Context, file, address string) error {
	if file == "" {
		server := temporaltest.NewServer()
		defer server.Stop()
		return announce(ctx, server.GetFrontendHostPort()+" "+server.GetDefaultNamespace())
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	c, database := configOf(host, port, file)
	if _, err := os.Stat(file); os.IsNotExist(err) {
		if err := schema.SetupSchema(database); err != nil {
			return fmt.Errorf("make the tables of Temporal: %w", err)
		}
	}
	space, err := schema.NewNamespaceConfig(c.ClusterMetadata.CurrentClusterName, namespace, false, nil)
	if err != nil {
		return err
	}
	if err := schema.CreateNamespaces(database, space); err != nil {
		return fmt.Errorf("make the namespace: %w", err)
	}
	server, err := temporal.NewServer(temporal.WithConfig(c), temporal.ForServices(temporal.DefaultServices),
		temporal.WithLogger(log.NewNoopLogger()),
		temporal.WithDynamicConfigClient(dynamicconfig.StaticClient{
			dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): []dynamicconfig.ConstrainedValue{{Value: true}},
		}))
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer func() { _ = server.Stop() }() // the process ends
	return announce(ctx, address+" "+namespace)
}

// announce tells the process that started this one that it is up, and waits.
func announce(ctx context.Context, text string) error {
	if _, err := fmt.Println(text); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// configOf is that of a server on one file, and that of its database.
func configOf(host, port, file string) (*config.Config, *config.SQL) {
	const name = "active"
	database := &config.SQL{PluginName: sqlite.PluginName, DatabaseName: filepath.ToSlash(file),
		ConnectAttributes: map[string]string{"mode": "rwc"}}
	var frontend int
	_, _ = fmt.Sscan(port, &frontend) // a port that the tool has chosen
	service := func(port int) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: port, MembershipPort: freePort(), BindOnLocalHost: true}}
	}
	return &config.Config{
		Global: config.Global{
			Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: host},
			Metrics:    &metrics.Config{Prometheus: &metrics.PrometheusConfig{ListenAddress: net.JoinHostPort(host, "0"), HandlerPath: "/metrics"}},
		},
		Persistence: config.Persistence{DefaultStore: sqlite.PluginName, VisibilityStore: sqlite.PluginName, NumHistoryShards: 1,
			DataStores: map[string]config.DataStore{sqlite.PluginName: {SQL: database}}},
		ClusterMetadata: &cluster.Config{FailoverVersionIncrement: 10, MasterClusterName: name, CurrentClusterName: name,
			ClusterInformation: map[string]cluster.ClusterInformation{
				name: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: net.JoinHostPort(host, port)}}},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services: map[string]config.Service{"frontend": service(frontend), "history": service(freePort()),
			"matching": service(freePort()), "worker": service(freePort())},
		Archival: config.Archival{History: config.HistoryArchival{State: "disabled"}, Visibility: config.VisibilityArchival{State: "disabled"}},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"}}},
		PublicClient: config.PublicClient{HostPort: net.JoinHostPort(host, port)},
	}, database
}

// freePort is one that nothing listens on at the moment; 0 where there is none.
func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
