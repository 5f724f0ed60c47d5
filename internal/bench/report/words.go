package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"turno"
	"turno/internal/bench/analysis"
	"turno/internal/bench/record"
)

// languages of reports, as columns of words.
var languages = map[string]int{"en": 0, "es": 1}

// say is a text in the report's language, by its key in words.
func (p *report) say(key string, args ...any) string {
	pair, ok := words[key]
	if !ok {
		pair, ok = methodWords[key]
	}
	if !ok {
		panic("report: there is no text " + key)
	}
	if len(args) == 0 {
		return pair[p.lang]
	}
	return fmt.Sprintf(pair[p.lang], args...)
}

// digits is a number with three of them.
func digits(v float64) string {
	if v == 0 {
		return "0"
	}
	return strconv.FormatFloat(v, 'f', max(0, 2-int(math.Floor(math.Log10(math.Abs(v))))), 64)
}

// seconds is a time with its unit.
func seconds(v float64) string {
	switch {
	case v >= 1:
		return digits(v) + " s"
	case v >= 1e-3:
		return digits(v*1e3) + " ms"
	}
	return digits(v*1e6) + " µs"
}

func probability(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return strconv.FormatFloat(p, 'f', 3, 64)
}

// side is what people call one.
func (p *report) side(s *record.Side) string {
	name := ""
	switch {
	case s.Device == turno.DeviceGPU:
		name = "GPU"
	case s.Threads == 1:
		name = p.say("one thread")
	default:
		name = p.say("threads", s.Threads)
	}
	if s.Engine != turno.EngineNative {
		name += " (" + s.Engine + ")"
	}
	if s.Simulated {
		name += " SIMULATED"
	}
	return name
}

// phase is which time is meant. Without a GPU nothing is copied.
func (p *report) phase(x record.Phase, s *record.Side) string {
	if x == record.Device && s.Device == turno.DeviceCPU {
		return p.say("phase kernel")
	}
	return p.say("phase " + string(x))
}

// sentence is what may be said of a comparison, and no more.
func (p *report) sentence(c *analysis.Comparison) string {
	r := c.Ratio
	detail := p.say("detail", digits(r.Lo), digits(r.Hi), r.N, p.phase(c.Phase, c.Side))
	who, than := p.side(c.Side), p.side(c.Base)
	switch {
	case c.Simulated:
		return p.say("simulated pair", who, than)
	case !c.Verified:
		return p.say("unverified pair", who, than)
	case r.N < analysis.Enough:
		return p.say("few pairs", who, than, r.N)
	case !c.Shown():
		return p.say("no difference", who, than, digits(r.Value), detail)
	case r.Value >= 1:
		return p.say("faster", who, digits(r.Value), than, detail)
	}
	return p.say("slower", who, digits(1/r.Value), than, p.say("detail", digits(1/r.Hi), digits(1/r.Lo), r.N, p.phase(c.Phase, c.Side)))
}

// told are the comparisons worth a sentence: the device's time and the whole;
// the kernel's alone where copies make a difference.
func (p *report) told() (out []*analysis.Comparison) {
	for i := range p.a.Comparisons {
		c := &p.a.Comparisons[i]
		if c.Phase == record.Kernel && c.Side.Device == turno.DeviceCPU {
			continue
		}
		out = append(out, c)
	}
	return out
}

// fact is the name of a fact of the environment, for people.
func fact(name string) string { return strings.ReplaceAll(name, "_", " ") }

// words are all texts, English and Spanish.
var words = map[string][2]string{
	"one thread":       {"1 thread", "1 hilo"},
	"threads":          {"%d threads", "%d hilos"},
	"phase kernel":     {"kernel", "núcleo de cálculo"},
	"phase device":     {"kernel + copies", "núcleo de cálculo + copias"},
	"phase end_to_end": {"end to end", "de extremo a extremo"},
	"detail":           {"95 %% CI %s–%s, n = %d, %s, verified", "IC 95 %% %s–%s, n = %d, %s, verificado"},
	"faster":           {"%s %s× faster than %s (%s)", "%s %s× más rápido que %s (%s)"},
	"slower":           {"%s %s× slower than %s (%s)", "%s %s× más lento que %s (%s)"},
	"no difference":    {"%s against %s: no difference shown (ratio %s, %s)", "%s frente a %s: sin diferencia demostrada (razón %s, %s)"},
	"unverified pair":  {"%s against %s: the answers were not verified, so no speed-up is given", "%s frente a %s: las respuestas no se verificaron, por lo que no se da aceleración"},
	"simulated pair":   {"%s against %s: SIMULATED, so no speed-up is given", "%s frente a %s: SIMULATED (simulado), por lo que no se da aceleración"},
	"few pairs":        {"%s against %s: only %d valid blocks, too few for a statement", "%s frente a %s: solo %d bloques válidos, demasiado pocos para afirmar algo"},

	"title":         {"Benchmark report", "Informe de rendimiento"},
	"made by":       {"Suite `%s` on the worker `%s`, %s, turno %s. Made from `job_results.json` (SHA-256 `%s`); the same file gives the same report, byte for byte.", "Suite `%s` en el trabajador `%s`, %s, turno %s. Hecho a partir de `job_results.json` (SHA-256 `%s`); el mismo archivo da el mismo informe, byte por byte."},
	"no gpu":        {"**No GPU was measured.** This report shows how the CPU scales with its threads; it says nothing about GPUs.", "**No se midió ninguna GPU.** Este informe muestra cómo escala la CPU con sus hilos; no dice nada sobre las GPU."},
	"simulated":     {"**SIMULATED.** Some samples ran on simulated GPUs, which compute nothing. Their times say nothing about any GPU.", "**SIMULATED.** Algunas muestras se ejecutaron en GPU simuladas, que no calculan nada. Sus tiempos no dicen nada sobre ninguna GPU."},
	"results":       {"Results", "Resultados"},
	"overall":       {"Over %d cases (geometric mean), %s: %s against %s %s× (95 %% CI %s–%s).", "Sobre %d casos (media geométrica), %s: %s frente a %s %s× (IC 95 %% %s–%s)."},
	"overall none":  {"Over %d cases (geometric mean), %s: %s against %s, no difference shown (95 %% CI %s–%s).", "Sobre %d casos (media geométrica), %s: %s frente a %s, sin diferencia demostrada (IC 95 %% %s–%s)."},
	"times":         {"Times", "Tiempos"},
	"case":          {"Case", "Caso"},
	"device":        {"Device", "Dispositivo"},
	"time":          {"Time", "Tiempo"},
	"median":        {"Median", "Mediana"},
	"interval":      {"95 % CI", "IC 95 %"},
	"min":           {"Min", "Mín."},
	"p95":           {"p95", "p95"},
	"mad":           {"MAD", "MAD"},
	"cold":          {"Cold", "En frío"},
	"outliers":      {"Outliers", "Atípicos"},
	"excluded":      {"Left out", "Excluidas"},
	"yes":           {"yes", "sí"},
	"no":            {"no", "no"},
	"verified":      {"Verified", "Verificado"},
	"times note":    {"The cold run is the first of all, before the warm-ups; neither counts. Outliers (Tukey's fences, 1.5 times the interquartile range) are marked and do count.", "La ejecución en frío es la primera de todas, antes del calentamiento; ninguna de ellas cuenta. Los valores atípicos (vallas de Tukey, 1,5 veces el rango intercuartílico) se marcan y sí cuentan."},
	"statistics":    {"Statistics", "Estadística"},
	"against":       {"Against", "Frente a"},
	"ratio":         {"Speed-up", "Aceleración"},
	"p adj":         {"p (Holm)", "p (Holm)"},
	"without":       {"Without outliers", "Sin atípicos"},
	"pairs":         {"Pairs", "Pares"},
	"left out":      {"What was left out", "Lo que se excluyó"},
	"nothing out":   {"No sample was left out.", "No se excluyó ninguna muestra."},
	"out line":      {"%d of %s on %s: %s", "%d de %s con %s: %s"},
	"cannot":        {"Asked for by the suite, and not possible here: %s.", "Pedido por la suite y no posible aquí: %s."},
	"failed":        {"the job failed", "el trabajo falló"},
	"unverified":    {"the answer did not pass its check", "la respuesta no superó su verificación"},
	"contended":     {"other jobs ran on the worker meanwhile", "otros trabajos se ejecutaban a la vez en el trabajador"},
	"throttled":     {"the machine was slowing itself down", "la máquina reducía su velocidad"},
	"preempted":     {"it ran more than once", "se ejecutó más de una vez"},
	"unheard":       {"its end was not heard of at once", "su final no se conoció en el momento"},
	"stops":         {"How each case ended", "Cómo terminó cada caso"},
	"stop":          {"%s: %s, after %d blocks, half-width %s of the median", "%s: %s, tras %d bloques, semiamplitud %s de la mediana"},
	"precise":       {"precise enough", "suficientemente preciso"},
	"fixed":         {"the number of blocks asked for", "el número de bloques pedido"},
	"most":          {"not precise, at the greatest number of blocks", "sin precisión suficiente, con el número máximo de bloques"},
	"budget":        {"the time was over", "se acabó el tiempo"},
	"interrupted":   {"interrupted by a person", "interrumpido por una persona"},
	"stop failed":   {"given up, it failed again and again", "abandonado, fallaba una y otra vez"},
	"queue":         {"The queue's own time", "El tiempo propio de la cola"},
	"queue line":    {"%s: median %s (95 %% CI %s–%s), p95 %s, p99 %s, n = %d. It is the time from submit until the end is known, less the time in which the job ran.", "%s: mediana %s (IC 95 %% %s–%s), p95 %s, p99 %s, n = %d. Es el tiempo desde la entrega hasta que se conoce el final, menos el tiempo en que se ejecutó el trabajo."},
	"environment":   {"Hardware and software", "Hardware y software"},
	"unknown note":  {"What could not be learned is written as unknown.", "Lo que no se pudo averiguar figura como unknown (desconocido)."},
	"charts":        {"Charts", "Gráficos"},
	"method":        {"Method", "Método"},
	"threats":       {"Threats to validity", "Amenazas a la validez"},
	"reproduce":     {"Reproduction", "Reproducción"},
	"seed line":     {"Seed %d decides every order. The command was:", "La semilla %d decide todos los órdenes. La orden fue:"},
	"session":       {"Session %d: %s, %s, load %s before, %s after, %s.", "Sesión %d: %s, %s, carga %s antes, %s después, %s."},
	"killed":        {"killed", "terminada por fuerza"},
	"finished":      {"finished", "terminada"},
	"session broke": {"interrupted", "interrumpida"},
	"broke down":    {"broken off by a failure", "interrumpida por un fallo"},

	"f speed":        {"Speed-up with 95 % intervals", "Aceleración con intervalos del 95 %"},
	"f speed x":      {"times as quick (1: no difference)", "veces más rápido (1: sin diferencia)"},
	"f device":       {"kernel + copies", "cálculo + copias"},
	"f times":        {"Median times with 95 % intervals", "Tiempos medianos con intervalos del 95 %"},
	"f time":         {"time (%s)", "tiempo (%s)"},
	"f distribution": {"distribution of the samples", "distribución de las muestras"},
	"f size":         {"time by size", "tiempo según el tamaño"},
	"f samples":      {"every sample, in its order", "todas las muestras, en su orden"},
	"f block":        {"block", "bloque"},
	"f scaling":      {"Scaling with threads of the CPU", "Escalado con los hilos de la CPU"},
	"f threads":      {"threads", "hilos"},
	"f ideal":        {"ideal", "ideal"},
	"f queue":        {"Time that the queue itself takes", "Tiempo propio de la cola"},
	"f part":         {"part of the jobs", "parte de los trabajos"},
	"c speed":        {"Speed-up by case, with 95 % intervals. Where an interval holds 1, no difference is shown.", "Aceleración por caso, con intervalos del 95 %. Donde un intervalo contiene el 1, no hay diferencia demostrada."},
	"c times":        {"Median times with 95 % intervals: kernel + copies where the work measures it, otherwise end to end.", "Tiempos medianos con intervalos del 95 %: cálculo + copias donde la carga lo mide; si no, de extremo a extremo."},
	"c distribution": {"%s: distribution of the samples. Boxes are quartiles with the median, whiskers reach to 1.5 times the box, rings are outliers.", "%s: distribución de las muestras. Las cajas son los cuartiles con la mediana, los bigotes llegan a 1,5 veces la caja y los anillos son valores atípicos."},
	"c size":         {"%s: median time by size, with 95 %% intervals.", "%s: tiempo mediano según el tamaño, con intervalos del 95 %%."},
	"c samples":      {"%s: every sample by its block, in the order in which they were taken.", "%s: todas las muestras por bloque, en el orden en que se tomaron."},
	"c scaling":      {"How many times quicker more threads of the CPU are than one, with 95 % intervals.", "Cuántas veces más rápidos son más hilos de la CPU que uno, con intervalos del 95 %."},
	"c queue":        {"Time from submit until the end is known, less the run itself: part of the jobs that took at most so long (n = %s).", "Tiempo desde la entrega hasta que se conoce el final, menos la ejecución: parte de los trabajos que tardaron como máximo eso (n = %s)."},

	"v real":        {"%d of %d differences are real, at the level %s for all rows together (Mann-Whitney, Holm).", "%d de %d diferencias son reales, al nivel %s para todas las filas juntas (Mann-Whitney, Holm)."},
	"v rows few":    {"%d rows have fewer than %d samples on a side: they can show nothing.", "%d filas tienen menos de %d muestras en un lado: no pueden demostrar nada."},
	"v environment": {"What differs between the two environments is listed (%d): a real difference need not be one of turno.", "Se enumera en qué difieren los dos entornos (%d): una diferencia real no tiene por qué ser de turno."},
	"v few":         {"too few samples: %d and %d", "demasiado pocas muestras: %d y %d"},
	"v none":        {"no difference shown", "sin diferencia demostrada"},
	"v slower":      {"real: B takes %s× as long", "real: B tarda %s× lo de A"},
	"v quicker":     {"real: B is %s× as quick", "real: B es %s× más rápido"},

	"nothing compared": {"There is only one side of each case: nothing is compared", "Cada caso tiene una sola variante: no se compara nada"},
	"tab hardware":     {"Hardware", "Hardware"},
	"tab software":     {"Software", "Software"},
	"tab parameters":   {"Parameters", "Parámetros"},
	"tab results":      {"Results: medians with 95 % intervals", "Resultados: medianas con intervalos del 95 %"},
	"tab statistics":   {"Statistics: speed-ups within blocks, with p adjusted by Holm's method", "Estadística: aceleraciones dentro de los bloques, con p ajustado por el método de Holm"},
	"par suite":        {"Suite", "Suite"},
	"par seed":         {"Seed", "Semilla"},
	"par blocks":       {"Blocks a case", "Bloques por caso"},
	"par precision":    {"Aimed at: half-width at most", "Objetivo: semiamplitud máxima"},
	"par budget":       {"Time for the run", "Tiempo de la ejecución"},
}
