//! Rules of well-known shapes with their tests: some pass, and some are wrong on purpose.

use crate::Case;

const NODE: &str = r#"
groups:
  - name: node
    rules:
      - alert: FilesystemSpaceFillingUp
        expr: |
          (
            node_filesystem_avail_bytes{fstype!=""} / node_filesystem_size_bytes{fstype!=""} * 100 < 40
          and
            predict_linear(node_filesystem_avail_bytes{fstype!=""}[6h], 24*60*60) < 0
          and
            node_filesystem_readonly{fstype!=""} == 0
          )
        for: 1h
        labels: {severity: warning}
        annotations:
          summary: Filesystem is predicted to run out of space within the next 24 hours.
          description: 'Filesystem on {{ $labels.device }} at {{ $labels.instance }} has only {{ printf "%.2f" $value }}% left.'
      - alert: HighCpu
        expr: 100 - (avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100) > 80
        for: 10m
        keep_firing_for: 5m
        labels: {severity: "{{ if gt $value 95.0 }}critical{{ else }}warning{{ end }}"}
        annotations: {summary: "CPU of {{ $labels.instance }} at {{ $value | humanize }}%"}
      - record: instance:node_cpu:rate5m
        expr: 1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))
        labels: {source: node}
      - alert: ByRecorded
        expr: instance:node_cpu:rate5m > 0.5
        annotations: {value: "{{ $value | humanizePercentage }}"}
      - alert: ClockSkew
        expr: (node_timex_offset_seconds > 0.05 and deriv(node_timex_offset_seconds[5m]) >= 0)
        for: 10m
"#;

const NODE_TESTS: &str = r#"
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - name: filling
    interval: 10m
    input_series:
      - {series: 'node_filesystem_avail_bytes{instance="a",device="sda",fstype="ext4"}', values: '50-1x60'}
      - {series: 'node_filesystem_size_bytes{instance="a",device="sda",fstype="ext4"}', values: '100x60'}
      - {series: 'node_filesystem_readonly{instance="a",device="sda",fstype="ext4"}', values: '0x60'}
    alert_rule_test:
      - {eval_time: 1h, alertname: FilesystemSpaceFillingUp}
      - eval_time: 4h
        alertname: FilesystemSpaceFillingUp
        exp_alerts:
          - exp_labels: {severity: warning, instance: a, device: sda, fstype: ext4}
            exp_annotations:
              summary: Filesystem is predicted to run out of space within the next 24 hours.
              description: Filesystem on sda at a has only 26.00% left.
  - interval: 1m
    input_series:
      - {series: 'node_cpu_seconds_total{instance="a",mode="idle",cpu="0"}', values: '0+1x20 20+60x30'}
      - {series: 'node_cpu_seconds_total{instance="b",mode="idle",cpu="0"}', values: '0+9x20 stale 5 6 7 _x5 8 9'}
      - {series: 'node_timex_offset_seconds{instance="a"}', values: '0.06+0.001x30 _x10 0.5'}
    alert_rule_test:
      - {eval_time: 9m, alertname: HighCpu}
      - {eval_time: 12m, alertname: HighCpu}
      - {eval_time: 15m30s, alertname: HighCpu}
      - {eval_time: 25m, alertname: HighCpu}
      - {eval_time: 31m, alertname: HighCpu}
      - {eval_time: 12m, alertname: ByRecorded}
      - {eval_time: 15m, alertname: ClockSkew}
      - {eval_time: 12m, alertname: Unknown, exp_alerts: [{exp_labels: {a: b}}]}
    promql_expr_test:
      - {expr: 'instance:node_cpu:rate5m', eval_time: 10m}
      - {expr: 'ALERTS', eval_time: 15m}
      - {expr: 'ALERTS', eval_time: 31m}
      - {expr: 'ALERTS_FOR_STATE', eval_time: 15m}
      - {expr: 'count by (alertname, alertstate) (ALERTS)', eval_time: 20m, exp_samples: [{labels: '{alertname="HighCpu", alertstate="firing"}', value: 2}]}
      - {expr: 'sum(', eval_time: 20m}
      - {expr: '"text"', eval_time: 20m}
      - {expr: 'vector(0.1) + 0.2', eval_time: 20m, exp_samples: [{labels: '{}', value: 0.3}]}
      - {expr: '1 / 4', eval_time: 20m, exp_samples: [{labels: '{}', value: 0.25}]}
      - {expr: 'rate(node_cpu_seconds_total[5m])', eval_time: 27m}
      - {expr: 'node_timex_offset_seconds', eval_time: 36m}
"#;

const DOCUMENTATION: &str = r#"
groups:
  - name: second
    rules:
      - record: job:up:count2
        expr: job:up:count * 2
  - name: first
    limit: 3
    rules:
      - record: job:up:count
        expr: count by (job) (up)
      - alert: InstanceDown
        expr: up == 0
        for: 5m
        labels: {severity: page, instance: "{{ toUpper $labels.instance }}", empty: ""}
        annotations:
          summary: "Instance {{ $labels.instance }} down"
          description: "{{ $labels.instance }} of job {{ $labels.job }} has been down for more than 5 minutes."
          empty: ""
      - alert: AbsentJob
        expr: absent(up{job="gone"})
      - alert: Always
        expr: vector(1)
        labels: {severity: none}
      - alert: Scalar
        expr: 1 + 1
"#;

const DOCUMENTATION_TESTS: &str = r#"
rule_files: [rules.yml]
evaluation_interval: 30s
group_eval_order: [first, second]
tests:
  - interval: 1m
    external_labels: {zone: eu}
    input_series:
      - {series: 'up{job="prometheus", instance="localhost:9090"}', values: '0 0 0 0 0 0 0 0 0 0 0 0 0 0 0'}
      - {series: 'up{job="node", instance="localhost:9100"}', values: '1+0x6 0 0 0 0 0 0 0 0'}
    alert_rule_test:
      - eval_time: 10m
        alertname: InstanceDown
        exp_alerts:
          - exp_labels: {severity: page, instance: "LOCALHOST:9090", job: prometheus}
            exp_annotations:
              summary: "Instance localhost:9090 down"
              description: "localhost:9090 of job prometheus has been down for more than 5 minutes."
              empty: ""
      - eval_time: 10m
        alertname: InstanceDown
        exp_alerts:
          - exp_labels: {severity: page, instance: "LOCALHOST:9090", job: prometheus}
            exp_annotations: {summary: "Instance localhost:9090 down"}
      - {eval_time: 1m, alertname: AbsentJob, exp_alerts: [{exp_labels: {job: gone}}]}
      - {eval_time: 1m, alertname: Always, exp_alerts: [{exp_labels: {severity: none}}]}
      - {eval_time: 1m, alertname: Scalar, exp_alerts: [{}]}
      - {eval_time: 1m10s, alertname: Scalar, exp_alerts: []}
    promql_expr_test:
      - {expr: job:up:count2, eval_time: 5m, exp_samples: [{labels: 'job:up:count2{job="node"}', value: 2}, {labels: 'job:up:count2{job="prometheus"}', value: 2}]}
      - {expr: job:up:count2, eval_time: 5m, exp_samples: [{labels: 'job:up:count2{job="node"}', value: 2}]}
      - {expr: 'ALERTS{alertname="InstanceDown"}', eval_time: 4m}
      - {expr: 'ALERTS{alertname="InstanceDown"}', eval_time: 9m, exp_samples: []}
      - {expr: 'count_over_time(up[2m:])', eval_time: 9m, exp_samples: []}
"#;

const LIMITED: &str = r#"
groups:
  - name: g
    limit: 1
    rules: [{alert: Many, expr: up == 0, for: 2m}]
"#;

const SAME: &str = r#"
groups:
  - name: g
    rules: [{alert: Same, expr: up == 0, labels: {instance: one}}]
"#;

const SAME_RECORDED: &str = r#"
groups:
  - name: g
    rules: [{record: same, expr: up, labels: {instance: one}}]
"#;

const MANY_TO_MANY: &str = r#"
groups:
  - name: g
    rules: [{alert: Wrong, expr: up * on(job) up > 0}]
"#;

const KEEPING: &str = r#"
groups:
  - name: g
    rules:
      - {alert: Kept, expr: up == 0, for: 2m, keep_firing_for: 3m}
      - {alert: Chained, expr: 'ALERTS{alertname="Kept",alertstate="firing"}', labels: {alertname: other, alertstate: x}}
      - {alert: 'With space', expr: up > 0}
"#;

const TWO_DOWN: &str = r#"
rule_files: [rules.yml]
tests:
  - name: two
    interval: 1m
    input_series:
      - {series: 'up{job="x",instance="a"}', values: '1 0 0 0 0 1 1 0 1 1 1 1 0 0 0 0'}
      - {series: 'up{job="x",instance="b"}', values: '0x4 1x20'}
    alert_rule_test:
      - {eval_time: 3m, alertname: Many}
      - {eval_time: 4m, alertname: Kept}
      - {eval_time: 5m, alertname: Kept}
      - {eval_time: 6m, alertname: Kept}
      - {eval_time: 7m, alertname: Kept}
      - {eval_time: 8m, alertname: Kept}
      - {eval_time: 9m, alertname: Kept}
      - {eval_time: 11m, alertname: Kept}
      - {eval_time: 15m, alertname: Kept}
      - {eval_time: 5m, alertname: Chained}
      - {eval_time: 5m, alertname: With space}
    promql_expr_test:
      - {expr: 'ALERTS', eval_time: 7m}
      - {expr: 'ALERTS_FOR_STATE', eval_time: 8m}
      - {expr: 'same', eval_time: 8m}
"#;

const UNNAMED: &str = r#"
rule_files: [rules.yml]
tests:
  - name: unnamed
    interval: 1m
    alert_rule_test: [{eval_time: 3m}]
"#;

const REPEATED: &str = "rule_files: [rules.yml]\ngroup_eval_order: [a, a]\ntests: [{interval: 1m}]\n";

pub(crate) fn cases() -> Vec<Case> {
    let case = |name: &str, rules: &str, tests: &str| Case {
        name: name.to_owned(),
        rules: rules.to_owned(),
        tests: tests.to_owned(),
    };
    vec![
        case("node", NODE, NODE_TESTS),
        case("documentation", DOCUMENTATION, DOCUMENTATION_TESTS),
        case("limited", LIMITED, TWO_DOWN),
        case("same", SAME, TWO_DOWN),
        case("same recorded", SAME_RECORDED, TWO_DOWN),
        case("many to many", MANY_TO_MANY, TWO_DOWN),
        case("keeping", KEEPING, TWO_DOWN),
        case("unnamed", KEEPING, UNNAMED),
        case("repeated", KEEPING, REPEATED),
    ]
}
