package driver

import "fmt"

// NVMLResult is an nvmlReturn_t.
type NVMLResult int32

// Results of NVML (nvml.h, nvmlReturn_enum).
const (
	NVMLSuccess          NVMLResult = 0
	NVMLUninitialized    NVMLResult = 1
	NVMLNotSupported     NVMLResult = 3
	NVMLNoPermission     NVMLResult = 4
	NVMLNotFound         NVMLResult = 6
	NVMLInsufficientSize NVMLResult = 7
	NVMLDriverNotLoaded  NVMLResult = 9
	NVMLTimeout          NVMLResult = 10
	NVMLLost             NVMLResult = 15
	NVMLResetRequired    NVMLResult = 16
	NVMLVersionMismatch  NVMLResult = 18
	NVMLUnknown          NVMLResult = 999
)

var nvmlNames = map[NVMLResult]string{
	1: "not initialized", 2: "invalid argument", 3: "not supported", 4: "no permission", 6: "not found", 7: "insufficient size",
	9: "the NVIDIA driver is not loaded", 10: "timed out", 11: "interrupt problem", 12: "library not found", 13: "function not found", 15: "the GPU has fallen off the bus",
	16: "the GPU needs a reset", 17: "the operating system or a cgroup blocks the device", 18: "the library's version is not the loaded driver's: reboot, or reload the driver",
	19: "in use", 20: "out of memory", 28: "no GPU found", 999: "unknown error",
}

func (r NVMLResult) String() string {
	if name := nvmlNames[r]; name != "" {
		return fmt.Sprintf("%s (NVML error %d)", name, int32(r))
	}
	return fmt.Sprintf("NVML error %d", int32(r))
}

// NVMLDevice is an nvmlDevice_t, of a whole GPU or of a MIG instance.
type NVMLDevice uintptr

// NVML is NVIDIA's management library (nvml.h of API version 13; every function
// here is also in that of driver 450, of 2020, but for those in a group).
type NVML struct {
	Init          func() NVMLResult                              `c:"nvmlInit_v2"`
	Shutdown      func() NVMLResult                              `c:"nvmlShutdown"`
	DriverVersion func(version []byte, length uint32) NVMLResult `c:"nvmlSystemGetDriverVersion"`
	CUDAVersion   func(version *int32) NVMLResult                `c:"nvmlSystemGetCudaDriverVersion_v2,nvmlSystemGetCudaDriverVersion"`

	Count      func(count *uint32) NVMLResult                                 `c:"nvmlDeviceGetCount_v2"`
	Handle     func(index uint32, device *NVMLDevice) NVMLResult              `c:"nvmlDeviceGetHandleByIndex_v2"`
	Name       func(device NVMLDevice, name []byte, length uint32) NVMLResult `c:"nvmlDeviceGetName"`
	UUID       func(device NVMLDevice, uuid []byte, length uint32) NVMLResult `c:"nvmlDeviceGetUUID"`
	PCI        func(device NVMLDevice, pci *PCIInfo) NVMLResult               `c:"nvmlDeviceGetPciInfo_v3,nvmlDeviceGetPciInfo_v2"`
	Memory     func(device NVMLDevice, memory *MemoryInfo) NVMLResult         `c:"nvmlDeviceGetMemoryInfo"`
	Capability func(device NVMLDevice, major, minor *int32) NVMLResult        `c:"nvmlDeviceGetCudaComputeCapability"`

	Utilisation func(device NVMLDevice, u *Utilisation) NVMLResult                     `c:"nvmlDeviceGetUtilizationRates"`
	Power       func(device NVMLDevice, milliwatts *uint32) NVMLResult                 `c:"nvmlDeviceGetPowerUsage"`
	PowerLimit  func(device NVMLDevice, milliwatts *uint32) NVMLResult                 `c:"nvmlDeviceGetEnforcedPowerLimit"`
	Temperature func(device NVMLDevice, sensor int32, celsius *uint32) NVMLResult      `c:"nvmlDeviceGetTemperature"`
	Clock       func(device NVMLDevice, kind int32, mhz *uint32) NVMLResult            `c:"nvmlDeviceGetClockInfo"`
	Throttling  func(device NVMLDevice, reasons *uint64) NVMLResult                    `c:"nvmlDeviceGetCurrentClocksEventReasons,nvmlDeviceGetCurrentClocksThrottleReasons"`
	Energy      func(device NVMLDevice, millijoules *uint64) NVMLResult                `c:"nvmlDeviceGetTotalEnergyConsumption" group:"energy"`
	Processes   func(device NVMLDevice, count *uint32, infos []ProcessInfo) NVMLResult `c:"nvmlDeviceGetComputeRunningProcesses_v3" group:"processes"`
	Drawing     func(device NVMLDevice, count *uint32, infos []ProcessInfo) NVMLResult `c:"nvmlDeviceGetGraphicsRunningProcesses_v3" group:"processes"`

	MIGMode  func(device NVMLDevice, current, pending *uint32) NVMLResult           `c:"nvmlDeviceGetMigMode" group:"mig"`
	MIGCount func(device NVMLDevice, count *uint32) NVMLResult                      `c:"nvmlDeviceGetMaxMigDeviceCount" group:"mig"`
	MIG      func(device NVMLDevice, index uint32, instance *NVMLDevice) NVMLResult `c:"nvmlDeviceGetMigDeviceHandleByIndex" group:"mig"`

	EventSetCreate func(set *uintptr) NVMLResult                                       `c:"nvmlEventSetCreate" group:"event"`
	RegisterEvents func(device NVMLDevice, kinds uint64, set uintptr) NVMLResult       `c:"nvmlDeviceRegisterEvents" group:"event"`
	EventWait      func(set uintptr, event *EventData, milliseconds uint32) NVMLResult `c:"nvmlEventSetWait_v2" group:"event"`
	EventSetFree   func(set uintptr) NVMLResult                                        `c:"nvmlEventSetFree" group:"event"`
}

// Constants of nvml.h.
const (
	NameLength        = 96        // NVML_DEVICE_NAME_V2_BUFFER_SIZE
	UUIDLength        = 96        // NVML_DEVICE_UUID_V2_BUFFER_SIZE
	VersionLength     = 80        // NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE
	TemperatureGPU    = 0         // NVML_TEMPERATURE_GPU
	ClockSM           = 1         // NVML_CLOCK_SM
	ClockMemory       = 2         // NVML_CLOCK_MEM
	EventXID          = 8         // nvmlEventTypeXidCriticalError
	NotAvailable      = 1<<64 - 1 // NVML_VALUE_NOT_AVAILABLE as an unsigned long long
	ThrottleIdle      = 0x1
	ThrottleSetting   = 0x2
	ThrottlePowerCap  = 0x4
	ThrottleHardware  = 0x8
	ThrottleSyncBoost = 0x10
	ThrottleThermal   = 0x20
	ThrottleHWThermal = 0x40
	ThrottleHWPower   = 0x80
)

// PCIInfo is nvmlPciInfo_t: 68 bytes.
type PCIInfo struct {
	LegacyID    [16]byte
	Domain      uint32
	Bus         uint32
	Device      uint32
	DeviceID    uint32
	SubSystemID uint32
	ID          [32]byte
}

// MemoryInfo is nvmlMemory_t, the first version: Used holds what the driver
// keeps for itself too, some hundred MiB on data centre cards.
type MemoryInfo struct{ Total, Free, Used uint64 }

// Utilisation is nvmlUtilization_t, in percent.
type Utilisation struct{ GPU, Memory uint32 }

// ProcessInfo is nvmlProcessInfo_v2_t, which the _v3 function fills: 24 bytes,
// with four of padding after the pid.
type ProcessInfo struct {
	PID     uint32
	_       uint32
	Memory  uint64 // NotAvailable where it is not known
	GPU     uint32 // GPU instance of MIG; 0xFFFFFFFF: none
	Compute uint32
}

// EventData is nvmlEventData_t: 32 bytes.
type EventData struct {
	Device  NVMLDevice
	Kind    uint64
	Data    uint64 // the XID
	GPU     uint32
	Compute uint32
}
