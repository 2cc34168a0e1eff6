//! Templates, each an annotation of an alert of which the test expects nothing: promtool then shows what it found.

use crate::Case;

const TEMPLATES: &[&str] = &[
    "plain text",
    "{{ $labels.instance }} of {{ $labels.job }}",
    "{{ .Labels.instance }} {{ .Value }}",
    "{{ $labels.missing }}",
    "{{ $value }}",
    "{{ $value | humanize }}",
    "{{ $value | humanize1024 }}B",
    "{{ $value | humanizeDuration }}",
    "{{ $value | humanizePercentage }}",
    "{{ $value | humanizeTimestamp }}",
    "{{ humanize 0.00012345 }} {{ humanize -123456.789 }} {{ humanize \"1e15\" }} {{ humanize 5 }}",
    "{{ humanize1024 1048576 }} {{ humanize1024 0.5 }} {{ humanize1024 123456789 }}",
    "{{ humanizeDuration 0 }} {{ humanizeDuration 59.9 }} {{ humanizeDuration 3600 }} {{ humanizeDuration 123456 }}",
    "{{ humanizeDuration 0.0001 }} {{ humanizeDuration -3661 }} {{ humanizeDuration \"60\" }}",
    "{{ humanizePercentage 0.12345 }} {{ humanizePercentage 1 }} {{ humanizePercentage 0.00001 }}",
    "{{ humanizeTimestamp 1435065584.128 }} {{ humanizeTimestamp \"NaN\" }}",
    "{{ humanizeTimestamp 1e300 }}",
    "{{ humanize \"abc\" }}",
    "{{ humanize $labels.missing }}",
    "{{ $labels.missing | humanize }}",
    "{{ $labels.missing | toUpper }}",
    "{{ printf \"%.2f\" $value }} {{ printf \"%d\" 5 }} {{ printf \"%s-%v\" $labels.job $value }}",
    "{{ printf \"%8.3f|%-8s|%08.3f|%+d\" $value $labels.job $value 3 }}",
    "{{ printf \"%d\" $value }} {{ printf \"%s\" $value }} {{ printf \"%x %X %o %b %c %q\" 255 255 8 5 65 \"a\" }}",
    "{{ printf \"%e %E %g %G\" $value $value $value $value }} {{ printf \"%t %v\" true false }}",
    "{{ printf \"%d %d\" 1 }} {{ printf \"x\" 1 2.5 \"a\" }} {{ printf \"%\" }} {{ printf \"100%%\" }} {{ printf \"%z\" 1 }}",
    "{{ printf \"%T %T %T %T\" 1 1.5 \"a\" true }} {{ printf \"%5t|%6.2v\" true \"abcdef\" }}",
    "{{ printf \"%s\" $labels.missing }}",
    "{{ title \"hello wORLD of_x y-z\" }} {{ toUpper \"abc é\" }} {{ toLower \"ABC É\" }} {{ $labels.job | title }}",
    "{{ match \"a.*\" \"xabc\" }} {{ if match \"^n\" $labels.job }}yes{{ else }}no{{ end }}",
    "{{ reReplaceAll \"(.*):(.*)\" \"$2-$1\" $labels.instance }} {{ reReplaceAll \"a\" \"b\" \"banana\" }}",
    "{{ reReplaceAll \"(a)(n)\" \"${2}_$1\" \"banana\" }}",
    "{{ stripPort $labels.instance }} {{ stripDomain \"a.b.c:80\" }} {{ stripDomain \"1.2.3.4:80\" }} {{ stripPort \"[::1]:80\" }}",
    "{{ parseDuration \"1h30m\" }} {{ parseDuration \"5\" }}",
    "{{ if gt $value 10.0 }}high{{ else if gt $value 5.0 }}middle{{ else }}low{{ end }}",
    "{{ if gt $value 10 }}high{{ end }}",
    "{{ if eq $labels.job \"node\" \"other\" }}same{{ end }} {{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ ge 1.5 2.5 }}",
    "{{ eq $labels.missing \"\" }} {{ if $labels.missing }}there{{ else }}not there{{ end }}",
    "{{ lt \"a\" \"b\" }} {{ eq 1 1.0 }}",
    "{{ and true $labels.job }} {{ or \"\" \"x\" }} {{ not true }} {{ and }}",
    "{{ and true $labels.job }} {{ or \"\" \"x\" }} {{ not $labels.missing }} {{ or 0 0.0 \"\" }}",
    "{{ len $labels.job }} {{ index $labels \"job\" }} [{{ index $labels \"none\" }}]",
    "{{ with $labels.job }}{{ . }}!{{ end }}{{ with $labels.missing }}x{{ else }}none{{ end }}",
    "{{ range $name, $value := $labels }}{{ $name }}={{ $value }};{{ end }}",
    "{{ range $labels }}{{ . }},{{ end }}",
    "{{ range query \"sort(up)\" }}{{ .Labels.instance }}={{ .Value }} {{ end }}",
    "{{ range $i, $s := query \"sort(up)\" }}{{ $i }}:{{ $s.Labels.instance }}:{{ $s | value }} {{ end }}",
    "{{ range query \"nothing\" }}x{{ else }}none{{ end }}",
    "{{ query \"up{instance='a:1'}\" | first | value }}",
    "{{ with query \"up\" }}{{ . | sortByLabel \"instance\" | first | label \"instance\" }}{{ end }}",
    "{{ query \"nothing\" | first | value }}",
    "{{ query \"up{\" }}",
    "{{ query \"up[5m]\" }}",
    "{{ query \"1 + 1\" | first | value }}",
    "{{ printf \"up{instance='%s'}\" $labels.instance | query | first | value | humanize }}",
    "{{ (query \"up{instance='a:1'}\" | first).Value }}",
    "{{ (query \"up{instance='a:1'}\" | first).Labels.instance }}",
    "{{ range query \"sort(up)\" }}{{ if eq .Labels.instance \"b:2\" }}{{ continue }}{{ end }}{{ .Labels.instance }}{{ end }}",
    "{{ range query \"sort(up)\" }}{{ .Labels.instance }}{{ break }}{{ end }}",
    "{{ $x := 1 }}{{ $x }}{{ $x = 2 }}{{ $x }}{{ if true }}{{ $x = 3 }}{{ end }}{{ $x }}",
    "{{ $x := $value | humanize }}{{ $x }}{{ with $y := 5 }}{{ $y }}{{ end }}",
    "{{/* a comment */}}a  {{- \" b \" -}}  c",
    "x\n{{- if true }}\n  inside\n{{- end }}\ny",
    "{{ $externalLabels.zone }} {{ .ExternalLabels.zone }} {{ $externalURL }} {{ externalURL }} {{ pathPrefix }}",
    "{{ print 1 2 \"a\" \"b\" 3 4 }}|{{ print $labels.job $value }}|{{ println \"a\" 1 }}",
    "{{ html \"<a href='x'>&\\\"</a>\" }} {{ urlquery \"a b&c/é\" }} {{ safeHtml \"<b>\" }}",
    "{{ .Nothing }}",
    "{{ $labels.job.deeper }}",
    "{{ $value.field }}",
    "{{ title 5 }}",
    "{{ title $value }}",
    "{{ $value | title }}",
    "{{ $labels.job | value }}",
    "{{ first \"x\" }}",
    "{{ label \"a\" }}",
    "{{ len 5 }}",
    "{{ index $labels.job 0 }}",
    "{{ $value | $labels.job }}",
    "{{ range $value }}x{{ end }}",
    "{{ args 1 2 }}",
    "{{ with args 1 \"b\" }}{{ .arg0 }}{{ .arg1 }}{{ end }}",
    "{{ toTime 1435065584 }}",
    "{{ strvalue (query \"sort(up)\" | first) }}",
    "{{ $labels }}",
    "{{ true }} {{ 1.50 }} {{ 0x1F }} {{ 1e3 }} {{ 1_000 }} {{ -5 }} {{ `raw \"text\"` }} {{ \"tab\\there\" }}",
    "first line\nsecond {{ humanize \"bad\" }}",
    "Über {{ $labels.job }} – {{ $value }}",
];

/// One case for each value, of all the templates.
pub(crate) fn cases() -> Vec<Case> {
    let case = |value: &str| {
        let annotations: String =
            TEMPLATES.iter().enumerate().map(|(at, text)| format!("          t{at:03}: {}\n", quoted(text))).collect();
        let rules = format!(
            "groups:\n  - name: g\n    rules:\n      - alert: Templates\n        expr: x\n        labels:\n          \
             level: '{{{{ if gt $value 10.0 }}}}high{{{{ else }}}}low{{{{ end }}}}'\n        annotations:\n{annotations}"
        );
        let tests = format!(
            "rule_files: [rules.yml]\ntests:\n  - interval: 1m\n    external_labels: {{zone: eu}}\n    input_series:\n      \
             - {{series: 'x{{instance=\"a:1\",job=\"node\"}}', values: '{value}'}}\n      \
             - {{series: 'up{{instance=\"a:1\"}}', values: '1x9'}}\n      \
             - {{series: 'up{{instance=\"b:2\"}}', values: '0.25x9'}}\n    \
             alert_rule_test:\n      - {{eval_time: 5m, alertname: Templates}}\n"
        );
        Case { name: format!("templates with {value}"), rules, tests }
    };
    let values = [
        "7.5x9",
        "0x9",
        "-3x9",
        "1234567.891x9",
        "0.000012x9",
        "1e30x9",
        "NaN NaN NaN NaN NaN NaN NaN",
        "Inf Inf Inf Inf Inf Inf",
        "100000x9",
        "12345x9",
        "1435065584.128x9",
    ];
    values.map(case).into()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
