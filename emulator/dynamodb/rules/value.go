package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An item is one, or a key, or the values of expressions.
type item map[string]value

// A value is an attribute's, with the one member that is its type.
type value struct {
	S, N, B    *string // a binary in base64
	BOOL, NULL *bool
	SS, NS, BS []string
	L          []value
	M          item
}

// types are how many are given, and the name of one.
func (v value) types() (name string, given int) {
	for _, p := range [...]parameter{{"S", v.S != nil}, {"N", v.N != nil}, {"B", v.B != nil}, {"BOOL", v.BOOL != nil}, {"NULL", v.NULL != nil},
		{"SS", v.SS != nil}, {"NS", v.NS != nil}, {"BS", v.BS != nil}, {"L", v.L != nil}, {"M", v.M != nil}} {
		if p.given {
			name = p.name
			given++
		}
	}
	return name, given
}

// kind is the value's type, of a valid one.
func (v value) kind() string {
	if name, given := v.types(); given == 1 {
		return name
	}
	return ""
}

// typeNames are how messages about operands spell types.
var typeNames = map[string]string{"S": "STRING", "N": "NUMBER", "B": "BINARY", "BOOL": "BOOLEAN", "NULL": "NULL", "SS": "STRING_SET",
	"NS": "NUMBER_SET", "BS": "BINARY_SET", "L": "LIST", "M": "MAP"}

// size is what a value takes of its item's 400 KB (Amazon DynamoDB Developer Guide, "DynamoDB
// item sizes and formats"); of what the page says approximately, the least.
func (v value) size() int {
	size := 0
	switch v.kind() {
	case "S":
		return len(*v.S)
	case "N":
		return numberSize(*v.N)
	case "B":
		return binarySize(*v.B)
	case "SS":
		for _, s := range v.SS {
			size += len(s)
		}
	case "NS":
		for _, n := range v.NS {
			size += numberSize(n)
		}
	case "BS":
		for _, b := range v.BS {
			size += binarySize(b)
		}
	case "L":
		size = 3 + len(v.L)
		for _, element := range v.L {
			size += element.size()
		}
	case "M":
		size = 3 + len(v.M) + v.M.size()
	default:
		return 1
	}
	return size
}

func (i item) size() int {
	size := 0
	for name, v := range i {
		size += len(name) + v.size()
	}
	return size
}

func binarySize(base64 string) int { return len(strings.TrimRight(base64, "=")) * 3 / 4 }

func numberSize(text string) int {
	n, _ := parseNumber(text)
	return (len(n.digits)+1)/2 + 1
}

// A number is a decimal: 0.digits times ten to the power.
type number struct {
	negative bool
	digits   string // without zeros at either end; empty for zero
	power    int
}

// parseNumber reads a number as DynamoDB writes them. Of one whose power is beyond an int's, the
// power is one that is out of range too.
func parseNumber(text string) (number, bool) {
	rest, n := text, number{}
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		n.negative, rest = rest[0] == '-', rest[1:]
	}
	if e := strings.IndexAny(rest, "eE"); e >= 0 {
		power := rest[e+1:]
		if !allDigits(strings.TrimLeft(power, "+-")) || strings.LastIndexAny(power, "+-") > 0 {
			return n, false
		}
		n.power, _ = strconv.Atoi(power) // out of range: the greatest or the smallest
		n.power, rest = max(min(n.power, 1<<20), -1<<20), rest[:e]
	}
	whole, fraction, _ := strings.Cut(rest, ".")
	if !allDigits(whole + fraction) {
		return n, false
	}
	digits := strings.TrimLeft(whole+fraction, "0")
	n.power += len(digits) - len(fraction)
	n.digits = strings.TrimRight(digits, "0")
	if n.digits == "" {
		n = number{}
	}
	return n, true
}

func allDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// notNumber is what is wrong with a number's text.
func notNumber(text string) string {
	n, ok := parseNumber(text)
	switch {
	case text == "":
		return "The parameter cannot be converted to a numeric value"
	case !ok:
		return "The parameter cannot be converted to a numeric value: " + text
	case len(n.digits) > 38:
		return "Attempting to store more than 38 significant digits in a Number"
	case n.digits != "" && n.power > 126:
		return "Number overflow. Attempting to store a number with magnitude larger than supported range"
	case n.digits != "" && n.power < -129:
		return "Number underflow. Attempting to store a number with magnitude smaller than supported range"
	}
	return ""
}

// oneType wants exactly one type.
func oneType(v value) string {
	switch _, given := v.types(); given {
	case 0:
		return "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
	case 1:
		return ""
	}
	return "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
}

func nullIsTrue(v value) string {
	if v.NULL != nil && !*v.NULL {
		return "One or more parameter values were invalid: Null attribute value types must have the value of true"
	}
	return ""
}

func fullSet(v value) string {
	switch {
	case v.SS != nil && len(v.SS) == 0:
		return "One or more parameter values were invalid: An string set  may not be empty"
	case v.NS != nil && len(v.NS) == 0:
		return "One or more parameter values were invalid: An number set  may not be empty"
	case v.BS != nil && len(v.BS) == 0:
		return "One or more parameter values were invalid: Binary sets should not be empty"
	}
	return ""
}

func uniqueMembers(v value) string {
	double := func(set []string) bool {
		set = slices.Sorted(slices.Values(set))
		return len(slices.Compact(set)) < len(set)
	}
	switch {
	case double(v.SS):
		return "One or more parameter values were invalid: Input collection [" + strings.Join(v.SS, ", ") + "] contains duplicates."
	case double(v.BS):
		return "One or more parameter values were invalid: Input collection [" + strings.Join(v.BS, ", ") + "]of type BS contains duplicates."
	}
	var numbers []string // 1, 1.0 and 1e0 are one
	for _, text := range v.NS {
		n, _ := parseNumber(text)
		numbers = append(numbers, fmt.Sprint(n))
	}
	if double(numbers) {
		return "Input collection contains duplicates"
	}
	return ""
}

func numberFormat(v value) string {
	numbers := v.NS
	if v.N != nil {
		numbers = append([]string{*v.N}, numbers...)
	}
	for _, text := range numbers {
		if wrong := notNumber(text); wrong != "" {
			return wrong
		}
	}
	return ""
}

const deepest = 32

func depth(v value) string {
	if v.nested() > deepest {
		return "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
	}
	return ""
}

// nested is how many lists and maps are in one another.
func (v value) nested() int {
	inner := -1
	if v.L != nil || v.M != nil {
		inner = 0
	}
	for _, element := range v.L {
		inner = max(inner, element.nested())
	}
	for _, member := range v.M {
		inner = max(inner, member.nested())
	}
	return inner + 1
}

// all calls f for a value and what is in it, until it has something to say.
func (v value) all(f func(value) string) string {
	if wrong := f(v); wrong != "" {
		return wrong
	}
	for _, element := range v.L {
		if wrong := element.all(f); wrong != "" {
			return wrong
		}
	}
	for _, member := range v.M {
		if wrong := member.all(f); wrong != "" {
			return wrong
		}
	}
	return ""
}
