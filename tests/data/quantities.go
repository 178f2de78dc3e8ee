//go:build ignore

// Writes quantities.tsv: what k8s.io/apimachinery itself makes of a list of
// edge forms and of seeded random spellings. It is kept so that the table can
// be made again for a newer Kubernetes:
//
//	mkdir q && cp quantities.go q/main.go && cd q # and drop the build tag
//	go mod init q && go get k8s.io/apimachinery@v0.37.2 && go run main.go > quantities.tsv
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"regexp"
	"strings"

	"gopkg.in/inf.v0"
	"k8s.io/apimachinery/pkg/api/resource"
)

const (
	version = "v0.37.2"
	seed    = 20260101
	random  = 1700
)

var suffixes = []string{
	"", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
}

// edges are the forms that a reader of the grammar would get wrong.
func edges() []string {
	out := []string{
		"", " ", "+", "-", ".", "+.", "-.", "..", "1..", "1.2.3", "--1", "+-1", "1-", "1+", "- 1", " 1", "1 ", "1 k", "\u0661", "½",
		"0", "00", "-0", "+0", "0.0", ".0", "0.", "-.0", "007", "+7", "-7", "000.700", "1_000", "1,5", "0x10", "0b1", "NaN", "Inf", "null",
		"1e", "1E", "12E", "12E3", "12e3", "1e+3", "1e-3", "1E+3", "1E-3", "1e+", "1e-", "1e+-3", "1ee3", "1e3e3", "1e3k", "1ke3", "1e3.5", "1e 3",
		"1e03", "1e-00", "1e0", "1E0", "e3", "E3", "e", "E", "e-9", "e-10", ".e-10", "+e-9", "1e9", "1e-9", "1e-10", "-1e-10", "1e-18", "1e18", "1e19", "1e27", "1e28",
		"1e29", "1e30", "1e38", "1e40", "170141183460469231731687303715.884105727", "170141183460469231731687303715.884105728", "-170141183460469231731687303715.884105727",
		"0e999999999", "0e-9", "0.000e30", "1e4294967296", "1e4294967297", "1e9223372036854775808", "1e-9223372036854775809", "1e99999999999999999999",
		"1i", "1K", "1ki", "1KI", "1mi", "1Mi1", "1mm", "1Kii", "1kk", "1nu", "1B", "1Kb", "1%", "1s", "1h", "1Ei3", "1g", "1Gib", "1m5", "1k+", "1k-", "1k+5", "1Ki+", "1Ei-3",
		".5", "5.", "-.5", "-5.", "+.5", "+5.", ".5Gi", "5.Gi", "5.Ei", ".5Ei", ".5e3", "5.e3", ".5n", "1.5n", "-1.5n", "1.0000000001", "-1.0000000001", "0.0000000009", "-0.0000000009",
		"0.9999999999", "1.999999999999", ".000000001", ".0000000001", "1.0000000010", "100.000000000000000000000000001",
		"1.0000000000000000000001Ki", "0.0000000000001Ki", ".0000000000000000000000000000001Ei", "1.1Ki", "1.1Ei", "2.5Pi", "-2.5Pi", "0.1Mi", "3.3333333333Gi", "-3.3333333333Gi",
		"8Ei", "7Ei", "7.99Ei", "7.9999999999999999999Ei", "-8Ei", "-9Ei", "100Ei", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "9223372036854775807Ki",
		"9007199254740992Ki", "9007199254740991Ki", "9007199254740991.9999Ki", "8191Pi", "8192Pi", "8191.9999999999999999Pi", "8388608Ti", "0Ei", "0Pi", "00Ei", "-0Ei", "+0.Ei", "0.0Ei", ".0Ei", "+1Ei",
		"9.223372036854775807E", "9.3E", "9223372036854775807n", "9223372036854775808n", "9999999999999999999999n", "12345678901234567890u", "-12345678901234567890123m", "99999999999999999999E",
		"1000m", "1", "1024Mi", "1Gi", "0.1", "100m", "1.5", "1500m", "1.5Gi", "1536Mi", "0.5Gi", "512Mi", "128974848", "129e6", "129M", "128974848000m", "123Mi",
	}
	// A suffix without a digit before it, with each sign, and with a point.
	for _, s := range suffixes {
		for _, head := range []string{"", "+", "-", ".", "-.", "0", "00", "1", "-1", "1.", ".1", "+1.25", "999999999999999999", "9999999999999999999"} {
			out = append(out, head+s)
		}
	}
	return out
}

func digits(r *rand.Rand, longest int) string {
	var b strings.Builder
	for n := r.Intn(longest + 1); n > 0; n-- {
		if r.Intn(3) == 0 {
			b.WriteByte('0')
		} else {
			b.WriteByte(byte('0' + r.Intn(10)))
		}
	}
	return b.String()
}

// endless finds exponents that the package reads but nobody can write out.
var endless = regexp.MustCompile(`[eE][+-]?\d{4}`)

func spelling(r *rand.Rand) string {
	sign := []string{"", "", "", "", "-", "+"}[r.Intn(6)]
	text := sign + digits(r, []int{3, 6, 19, 26}[r.Intn(4)])
	if r.Intn(2) == 0 {
		text += "." + digits(r, []int{2, 9, 14, 30}[r.Intn(4)])
	}
	switch r.Intn(8) {
	case 0:
		text += fmt.Sprintf("%c%d", "eE"[r.Intn(2)], r.Intn(61)-30)
	case 1:
		text += fmt.Sprintf("%c+%02d", "eE"[r.Intn(2)], r.Intn(12))
	default:
		text += suffixes[r.Intn(len(suffixes))]
	}
	// One spelling in twelve is damaged.
	if r.Intn(12) == 0 {
		at := r.Intn(len(text) + 1)
		text = text[:at] + string("eEinumkKMGTP.+-0 x"[r.Intn(18)]) + text[at:]
	}
	return text
}

func verdict(text string) string {
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return "error"
	}
	if q.Sign() == 0 {
		return "0" // whatever its exponent, which would take forever to write out
	}
	nano := new(inf.Dec).Mul(q.AsDec(), inf.NewDec(1_000_000_000, 0))
	whole := new(inf.Dec).Round(nano, 0, inf.RoundExact)
	if whole == nil {
		panic("finer than nano: " + text)
	}
	return whole.String()
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	fmt.Fprintf(out, "# Quantity spellings and what k8s.io/apimachinery %s (pkg/api/resource, ParseQuantity) makes of them:\n", version)
	fmt.Fprintf(out, "# the value in nano-units, or `error`. Written by quantities.go beside this file: its list of edge forms,\n")
	fmt.Fprintf(out, "# then %d random spellings from math/rand with seed %d. Each spelling stands in double quotes.\n", random, seed)
	seen := map[string]bool{}
	r := rand.New(rand.NewSource(seed))
	cases := edges()
	for i := 0; i < random; i++ {
		text := spelling(r)
		if endless.MatchString(text) {
			continue
		}
		cases = append(cases, text)
	}
	for _, text := range cases {
		if !seen[text] {
			seen[text] = true
			fmt.Fprintf(out, "\"%s\"\t%s\n", text, verdict(text))
		}
	}
}
