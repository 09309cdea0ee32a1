package config_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/config"
)

func ExampleLoad() {
	environment := map[string]string{"TABLE_NAME": "orders", "API_KEY": "sesame", "TIMEOUT": "soon"}
	var cfg struct {
		Table   string        `env:"TABLE_NAME,required"`
		Timeout time.Duration `env:"TIMEOUT" default:"10s"`
		APIKey  lift.Secret   `env:"API_KEY,required"`
		Region  string        `env:"REGION,required"`
	}
	err := config.Load(context.Background(), &cfg, config.Options{Lookup: func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}})
	fmt.Println(cfg.Table, cfg.APIKey)
	fmt.Println(err)
	// Output:
	// orders [redacted]
	// config: TIMEOUT is not a valid duration: wanted a text such as 1m30s
	// config: REGION is not set
}
