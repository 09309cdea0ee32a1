package call

import "strings"

// suffixes are those of the addresses in the partitions whose regions have their own
// beginning; all others, AWS GovCloud among them, have amazonaws.com. Each AWS SDK has
// the table, as aws-sdk-go-v2 in internal/endpoints/awsrulesfn/partitions.json.
var suffixes = map[string]string{
	"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu", "us-iso": "c2s.ic.gov", "us-isob": "sc2s.sgov.gov",
	"eu-isoe": "cloud.adc-e.uk", "us-isof": "csp.hci.ic.gov",
}

// endpoint is the root of a service's URLs in a region:
// https://docs.aws.amazon.com/general/latest/gr/rande.html
func endpoint(service, region string) string {
	area, rest, _ := strings.Cut(region, "-")
	suffix, ok := suffixes[area]
	if !ok {
		second, _, _ := strings.Cut(rest, "-")
		suffix, ok = suffixes[area+"-"+second]
	}
	if !ok {
		suffix = "amazonaws.com"
	}
	return "https://" + service + "." + region + "." + suffix
}
