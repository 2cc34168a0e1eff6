// What does a metric say, in the reader's words? One that nobody has words for bears its own name.
import { settings } from "../../settings.svelte.ts";

const EN = {
  system_cpu_utilization_ratio: "Processors, busy", system_cpu_time_seconds_total: "Processor time by kind", system_cpu_load_average_1m: "Load, 1 min", system_cpu_load_average_5m: "Load, 5 min", system_cpu_load_average_15m: "Load, 15 min",
  system_linux_cpu_context_switches_total: "Context switches", system_linux_cpu_interrupts_total: "Interrupts", system_memory_utilization_ratio: "Memory, used", system_memory_usage_bytes: "Memory by use", system_memory_limit_bytes: "Memory, size",
  system_memory_linux_available_bytes: "Memory, available", system_memory_linux_committed_bytes: "Memory, promised", system_memory_linux_dirty_bytes: "Memory not yet written to disk", system_memory_linux_slab_usage_bytes: "Kernel slabs", system_memory_shared_bytes: "Memory, shared",
  system_paging_utilization_ratio: "Swap, used", system_paging_usage_bytes: "Swap by use", system_paging_faults_total: "Page faults", system_paging_operations_total: "Swapped pages", system_linux_memory_oom_kills_total: "Killed for lack of memory",
  system_filesystem_utilization_ratio: "File systems, full", system_filesystem_usage_bytes: "File systems by use", system_filesystem_limit_bytes: "File systems, size", system_filesystem_inodes_utilization_ratio: "Inodes, used", system_filesystem_inodes_usage: "Inodes",
  system_linux_filesystem_read_only: "Mounted read only", system_disk_io_bytes_total: "Disks, throughput", system_disk_operations_total: "Disks, operations", system_disk_io_time_seconds_total: "Disks, busy", system_disk_operation_time_seconds_total: "Disks, time in operations",
  system_disk_merged_total: "Disks, merged operations", system_disk_limit_bytes: "Disks, size", system_network_io_bytes_total: "Network, throughput", system_network_packets_total: "Network, packets", system_network_errors_total: "Network, errors", system_network_dropped_total: "Network, dropped packets",
  hw_network_up: "Network link up", hw_network_bandwidth_limit_bytes_per_second: "Network link speed", system_linux_pressure_avg10_ratio: "Pressure: time spent waiting", system_linux_pressure_time_seconds_total: "Pressure: waiting time", system_linux_thread_count: "Threads",
  system_linux_thread_running: "Threads, running", system_linux_thread_blocked: "Threads, blocked", system_process_count: "Processes", system_process_created_total: "Processes begun", system_uptime_seconds: "Time since start",
} as const;
const FR: Record<keyof typeof EN, string> = {
  system_cpu_utilization_ratio: "Processeurs, occupation", system_cpu_time_seconds_total: "Temps processeur par nature", system_cpu_load_average_1m: "Charge, 1 min", system_cpu_load_average_5m: "Charge, 5 min", system_cpu_load_average_15m: "Charge, 15 min",
  system_linux_cpu_context_switches_total: "Changements de contexte", system_linux_cpu_interrupts_total: "Interruptions", system_memory_utilization_ratio: "Mémoire, occupation", system_memory_usage_bytes: "Mémoire par usage", system_memory_limit_bytes: "Mémoire, taille",
  system_memory_linux_available_bytes: "Mémoire disponible", system_memory_linux_committed_bytes: "Mémoire promise", system_memory_linux_dirty_bytes: "Mémoire pas encore écrite sur disque", system_memory_linux_slab_usage_bytes: "Blocs du noyau", system_memory_shared_bytes: "Mémoire partagée",
  system_paging_utilization_ratio: "Échange, occupation", system_paging_usage_bytes: "Échange par usage", system_paging_faults_total: "Défauts de page", system_paging_operations_total: "Pages échangées", system_linux_memory_oom_kills_total: "Arrêtés faute de mémoire",
  system_filesystem_utilization_ratio: "Systèmes de fichiers, remplissage", system_filesystem_usage_bytes: "Systèmes de fichiers par usage", system_filesystem_limit_bytes: "Systèmes de fichiers, taille", system_filesystem_inodes_utilization_ratio: "Inodes, occupation", system_filesystem_inodes_usage: "Inodes",
  system_linux_filesystem_read_only: "Montés en lecture seule", system_disk_io_bytes_total: "Disques, débit", system_disk_operations_total: "Disques, opérations", system_disk_io_time_seconds_total: "Disques, occupation", system_disk_operation_time_seconds_total: "Disques, temps des opérations",
  system_disk_merged_total: "Disques, opérations fusionnées", system_disk_limit_bytes: "Disques, taille", system_network_io_bytes_total: "Réseau, débit", system_network_packets_total: "Réseau, paquets", system_network_errors_total: "Réseau, erreurs", system_network_dropped_total: "Réseau, paquets perdus",
  hw_network_up: "Lien réseau actif", hw_network_bandwidth_limit_bytes_per_second: "Vitesse du lien réseau", system_linux_pressure_avg10_ratio: "Pression : temps passé à attendre", system_linux_pressure_time_seconds_total: "Pression : temps d’attente", system_linux_thread_count: "Fils d’exécution",
  system_linux_thread_running: "Fils en cours", system_linux_thread_blocked: "Fils bloqués", system_process_count: "Processus", system_process_created_total: "Processus lancés", system_uptime_seconds: "Temps depuis le démarrage",
};

export function titleOf(metric: string): string {
  const titles: Readonly<Record<string, string>> = settings.language === "fr" ? FR : EN;
  return Object.hasOwn(titles, metric) ? (titles[metric] ?? metric) : metric;
}
