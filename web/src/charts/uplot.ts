// uPlot, loaded with the first series.
import uPlot from 'uplot';

export { uPlot };
