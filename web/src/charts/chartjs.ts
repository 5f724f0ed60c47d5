// Chart.js with what these charts need of it, and no more. It is loaded with
// the first chart.
import {
  BarController, BarElement, CategoryScale, Chart, DoughnutController, ArcElement, Filler, Legend, LinearScale, LineController, LineElement,
  LogarithmicScale, PointElement, Tooltip,
} from 'chart.js';
import { BarWithErrorBarsController, BarWithErrorBar } from 'chartjs-chart-error-bars';

Chart.register(
  BarController, BarElement, CategoryScale, DoughnutController, ArcElement, Filler, Legend, LinearScale, LineController, LineElement, LogarithmicScale,
  PointElement, Tooltip, BarWithErrorBarsController, BarWithErrorBar,
);
Chart.defaults.animation = false;
Chart.defaults.maintainAspectRatio = false;
Chart.defaults.responsive = true;

export { Chart };
