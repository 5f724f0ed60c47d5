package report

// methodWords are the texts on how it was measured, and what to doubt.
var methodWords = map[string][2]string{
	"m queue": {
		"Every sample is a job that goes through turno's queue like any other, one at a time, in a queue of its own; its end is heard of by the stream of events.",
		"Cada muestra es un trabajo que pasa por la cola de turno como cualquier otro, de uno en uno, en una cola propia; su final se conoce por el flujo de eventos."},
	"m warm": {
		"Before its first block, each side of a case is warmed up by at least %d jobs and for at least %s s; these are stored and do not count.",
		"Antes de su primer bloque, cada variante de un caso se calienta con al menos %d trabajos y durante al menos %s s; se guardan y no cuentan."},
	"m blocks": {
		"Blocks hold one job of each side on the same input; they come in pairs of opposite order (ABBA), and the first order and the order of the cases are random (seed %s).",
		"Cada bloque contiene un trabajo de cada variante con la misma entrada; los bloques van por parejas de orden opuesto (ABBA), y el primer orden y el de los casos son aleatorios (semilla %s)."},
	"m fixed": {
		"Each case was measured in %d blocks.", "Cada caso se midió en %d bloques."},
	"m adaptive": {
		"From %d blocks on, a case ends when the half-width of the 95 %% interval of each side's median is at most %s %% of it, or after %d blocks.",
		"A partir de %d bloques, un caso termina cuando la semiamplitud del intervalo del 95 %% de la mediana de cada variante es como máximo el %s %% de ella, o tras %d bloques."},
	"m budget": {
		"The whole run had %s s.", "La ejecución completa disponía de %s s."},
	"m times": {
		"Three times are reported: the kernel's, as the workload measures it; the same with copies to and from the device; and end to end, from submit until the end is known. Workloads check their own answers against a reference with a stated tolerance; a sample whose answer does not pass is left out.",
		"Se dan tres tiempos: el del núcleo de cálculo, medido por la propia carga; el mismo con las copias hacia y desde el dispositivo; y el de extremo a extremo, desde la entrega hasta que se conoce el final. Las cargas verifican sus respuestas contra una referencia con una tolerancia declarada; una muestra cuya respuesta no la supera se excluye."},
	"m statistics": {
		"Medians have exact order-statistic intervals, interpolated to 95 %. A speed-up is the median of the ratios within blocks with the interval of that median, tested by Wilcoxon's signed-rank test; where fewer than half of the blocks are whole, it is the Hodges-Lehmann ratio with the Mann-Whitney test. p-values are adjusted by Holm's method over all cases of a phase. Overall figures are geometric means with a bootstrap interval of 10,000 resamples.",
		"Las medianas llevan intervalos exactos por estadísticos de orden, interpolados al 95 %. Una aceleración es la mediana de las razones dentro de los bloques con el intervalo de esa mediana, contrastada con la prueba de los rangos con signo de Wilcoxon; donde menos de la mitad de los bloques están completos, es la razón de Hodges-Lehmann con la prueba de Mann-Whitney. Los valores p se ajustan por el método de Holm sobre todos los casos de una fase. Las cifras globales son medias geométricas con un intervalo bootstrap de 10 000 remuestras."},

	"t no gpu":    {"No GPU was measured: nothing can be said about GPUs.", "No se midió ninguna GPU: no se puede afirmar nada sobre las GPU."},
	"t simulated": {"Some devices were SIMULATED: their times mean nothing.", "Algunos dispositivos eran simulados (SIMULATED): sus tiempos no significan nada."},
	"t load":      {"In session %d the load was %s on %s CPUs before it began: other programs ran, and the times are longer and spread wider than on a quiet machine.", "En la sesión %d la carga era %s con %s CPU antes de empezar: se ejecutaban otros programas, y los tiempos son más largos y dispersos que en una máquina tranquila."},
	"t remote":    {"In session %d the worker was another machine than the client: its load and throttling were not watched, and times from end to end hold the network.", "En la sesión %d el trabajador era otra máquina que el cliente: su carga y su reducción de velocidad no se vigilaron, y los tiempos de extremo a extremo incluyen la red."},
	"t sessions":  {"The run was broken off and went on: there are %d sessions.", "La ejecución se interrumpió y continuó: hay %d sesiones."},
	"t virtual":   {"The machine is virtual: neighbours on the same hardware cannot be seen.", "La máquina es virtual: no se pueden ver sus vecinas en el mismo hardware."},
	"t clocks":    {"The governor or the turbo of the CPU is unknown: its clock may have changed.", "Se desconoce el regulador o el turbo de la CPU: su frecuencia puede haber cambiado."},
	"t wide":      {"%d cases ended with intervals wider than was asked for.", "%d casos terminaron con intervalos más anchos de lo pedido."},
	"t few":       {"%d rows have fewer than 6 samples: their intervals cover less than 95 %%.", "%d filas tienen menos de 6 muestras: sus intervalos cubren menos del 95 %%."},
	"t outliers":  {"%d samples are outliers; they count. The table of statistics gives the ratios without them.", "%d muestras son atípicas; cuentan. La tabla de estadística da las razones sin ellas."},
	"t excluded":  {"%d samples were left out, for the reasons given.", "%d muestras se excluyeron, por los motivos dados."},
	"t unverified": {"%d rows are of work that does not check its answer: no speed-up is given for them.",
		"%d filas son de trabajos que no verifican su respuesta: no se da aceleración para ellas."},
	"t stopping": {"Stopping when an interval is narrow biases intervals slightly to be too narrow; --fixed-n avoids it.", "Parar cuando un intervalo es estrecho los sesga ligeramente a ser demasiado estrechos; --fixed-n lo evita."},
	"t one":      {"One machine on one occasion: other machines, drivers and days may differ.", "Una máquina en una ocasión: otras máquinas, controladores y días pueden diferir."},
}
