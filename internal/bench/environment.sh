# What machine is this? name=value lines; what cannot be learned is left out,
# and recorded as unknown.
say() { [ -n "$2" ] && printf '%s=%s\n' "$1" "$2"; }
first() { head -n 1 "$1" 2>/dev/null; }
cpu() { sed -n "s/^$1[[:space:]]*: //p" /proc/cpuinfo 2>/dev/null; }
each() { cat "$@" 2>/dev/null | sort | uniq -c | awk '{n=$1; $1=""; print substr($0,2) " (" n ")"}' | paste -sd, - | sed 's/,/, /g'; }
say os "$(. /etc/os-release 2>/dev/null && echo "$PRETTY_NAME")"
say kernel "$(uname -srm 2>/dev/null)"
say cpu_model "$(cpu 'model name' | head -n 1)"
say cpu_logical "$(getconf _NPROCESSORS_ONLN 2>/dev/null)"
say cpu_cores "$(awk -F: '/^physical id/{p=$2} /^core id/{print p "-" $2}' /proc/cpuinfo 2>/dev/null | sort -u | wc -l | sed 's/^0$//')"
say cpu_sockets "$(cpu 'physical id' | sort -u | wc -l | sed 's/^0$//')"
say cpu_mhz_now "$(cpu 'cpu MHz' | sort -n | sed -n '1p;$p' | paste -sd- -)"
say cpu_governor "$(each /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor)"
if [ -r /sys/devices/system/cpu/intel_pstate/no_turbo ]; then
  say cpu_turbo "$(first /sys/devices/system/cpu/intel_pstate/no_turbo | sed 's/0/on/;s/1/off/')"
elif [ -r /sys/devices/system/cpu/cpufreq/boost ]; then
  say cpu_turbo "$(first /sys/devices/system/cpu/cpufreq/boost | sed 's/1/on/;s/0/off/')"
fi
say cpu_smt "$(first /sys/devices/system/cpu/smt/control)"
say numa_nodes "$(ls -d /sys/devices/system/node/node[0-9]* 2>/dev/null | wc -l | sed 's/^0$//')"
say memory_kb "$(awk '/^MemTotal/{print $2}' /proc/meminfo 2>/dev/null)"
say mem_available_kb "$(awk '/^MemAvailable/{print $2}' /proc/meminfo 2>/dev/null)"
say huge_pages "$(first /sys/kernel/mm/transparent_hugepage/enabled)"
say hypervisor "$(systemd-detect-virt --vm 2>/dev/null || { grep -qw hypervisor /proc/cpuinfo 2>/dev/null && echo yes; })"
if [ -e /.dockerenv ] || [ -e /run/.containerenv ] || [ -n "$KUBERNETES_SERVICE_HOST" ]; then say container yes; fi
say load_1m "$(cut -d' ' -f1 /proc/loadavg 2>/dev/null)"
say uptime_s "$(cut -d. -f1 /proc/uptime 2>/dev/null)"
command -v nvidia-smi >/dev/null || exit 0
ask() { nvidia-smi --query-gpu="$1" --format=csv,noheader 2>/dev/null | sort | uniq -c | awk '{n=$1; $1=""; print substr($0,2) " (" n ")"}' | paste -sd';' -; }
say gpu_model "$(ask name)"
say gpu_uuid_hash "$(nvidia-smi --query-gpu=uuid --format=csv,noheader 2>/dev/null | sha256sum | cut -c1-16)"
say gpu_driver "$(ask driver_version)"
say gpu_cuda "$(nvidia-smi 2>/dev/null | sed -n 's/.*CUDA Version: *\([0-9.]*\).*/\1/p' | head -n 1)"
say gpu_vbios "$(ask vbios_version)"
say gpu_memory "$(ask memory.total)"
say gpu_ecc "$(ask ecc.mode.current)"
say gpu_mig "$(ask mig.mode.current)"
say gpu_power_limit "$(ask power.limit)"
say gpu_clock_max_mhz "$(ask clocks.max.sm)"
say gpu_clock_mhz "$(ask clocks.sm)"
say gpu_temperature_c "$(ask temperature.gpu)"
say gpu_pcie "$(ask pcie.link.gen.current,pcie.link.width.current)"
say gpu_persistence "$(ask persistence_mode)"
say gpu_processes "$(nvidia-smi --query-compute-apps=pid --format=csv,noheader 2>/dev/null | wc -l)"
