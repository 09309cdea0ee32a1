// Processor is the function of that name, with the actions of package shop.
package main

import (
	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/stack/testdata/shopapp/shop"
)

func main() { deployed.Start(deployed.Processor, shop.Parts) }
