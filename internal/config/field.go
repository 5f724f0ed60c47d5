package config

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"turno"
)

// Field describes one setting to those who make flags and documents of it.
type Field struct {
	Key, Flag, Env, Default, Group, Arg, Help string

	Bool, List bool   // a flag without a value; one that may be given again
	Sep        string // between the items of a list

	name   string // of the struct's field
	secret string // "yes": never shown; "url": shown without its password
	oneof  []string
}

// fields is constant.
var fields = describe()

// Fields lists every setting, in the order of Config.
func Fields() []Field { return append([]Field(nil), fields...) }

func describe() []Field {
	t := reflect.TypeFor[Config]()
	var out []Field
	for sf := range t.Fields() {
		if !sf.IsExported() {
			continue
		}
		tag := sf.Tag.Get
		out = append(out, Field{
			Key: tag("key"), Flag: tag("flag"), Env: tag("env"), Default: tag("default"), Group: tag("group"),
			Arg: tag("arg"), Help: tag("help"), name: sf.Name, secret: tag("secret"), oneof: strings.Fields(tag("oneof")),
			Bool: sf.Type.Kind() == reflect.Bool, List: sf.Type.Kind() == reflect.Slice, Sep: cmp.Or(tag("sep"), ","),
		})
	}
	return out
}

// label is how a message names the setting.
func (f Field) label() string {
	if f.Key != "" {
		return f.Key
	}
	return f.Env
}

// set parses text into the field.
func (f Field) set(c *Config, text string) error {
	v := reflect.ValueOf(c).Elem().FieldByName(f.name)
	switch p := v.Addr().Interface().(type) {
	case *string:
		*p = text
	case *[]string:
		*p = splitList(text, f.Sep)
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		*p = b
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		*p = n
	case *int64:
		n, err := ParseBytes(text, 1)
		if err != nil {
			return err
		}
		*p = n
	case *float64:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(x) {
			return fmt.Errorf("%q is not a number", text)
		}
		*p = x
	case *turno.MilliCPU:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(x) || math.Abs(x) > 65536 {
			return fmt.Errorf("%q is not a number of CPUs, such as 8 or 0.5", text)
		}
		*p = turno.MilliCPU(math.Round(x * float64(turno.CPU)))
	case *time.Duration:
		d, err := parseDuration(text)
		if err != nil {
			return err
		}
		*p = d
	default:
		panic("config: no parser for field " + f.name)
	}
	return nil
}

// text is the value as a person would write it, secrets hidden.
func (f Field) text(c Config) string {
	v := reflect.ValueOf(c).FieldByName(f.name)
	text := fmt.Sprint(v.Interface())
	switch x := v.Interface().(type) {
	case []string:
		text = strings.Join(x, f.Sep)
	case int64:
		text = FormatBytes(x)
	}
	switch {
	case f.secret == "yes" && text != "":
		return "(set, not shown)"
	case f.secret == "url" && strings.Contains(text, "://"):
		return Redact(text)
	}
	return text
}

func splitList(text, sep string) []string {
	var out []string
	for part := range strings.SplitSeq(text, sep) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func parseDuration(text string) (time.Duration, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(n) < 1e9 {
		return time.Duration(n * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time such as 30s, 5m or 1h", text)
	}
	return d, nil
}

const byteUnits = "KMGTP"

// ParseBytes reads 512M or 1.5G, in powers of 1024; a number without a unit is
// that many times unit (sbatch counts memory in MiB).
func ParseBytes(text string, unit int64) (int64, error) {
	number := strings.ToUpper(strings.TrimSpace(text))
	number = strings.TrimSuffix(strings.TrimSuffix(number, "B"), "I")
	if len(number) > 0 {
		if i := strings.IndexByte(byteUnits, number[len(number)-1]); i >= 0 {
			unit = 1 << (10 * (i + 1))
			number = number[:len(number)-1]
		}
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(x >= 0) || x*float64(unit) > 1<<60 {
		return 0, fmt.Errorf("%q is not a size such as 512M or 32G", text)
	}
	return int64(math.Round(x * float64(unit))), nil
}

// FormatBytes writes what ParseBytes reads, rounded to one decimal.
func FormatBytes(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10)
	}
	x, i := float64(n)/1024, 0
	for x >= 1023.95 && i < len(byteUnits)-1 {
		x, i = x/1024, i+1
	}
	return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0") + byteUnits[i:i+1]
}
