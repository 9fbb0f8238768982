/** A report of the doctor: in groups for the screen, and as a text to be passed on. */

import type { DoctorFinding, DoctorReport, DoctorSeverity, Words } from '../../api/types';

export interface Group {
  severity: DoctorSeverity;
  findings: DoctorFinding[];
}

const ORDER: DoctorSeverity[] = ['problem', 'warning', 'ok', 'skipped'];

/** The groups that have anything in them, the worst first. */
export function groups(report: DoctorReport): Group[] {
  return ORDER.map((severity) => ({
    severity,
    findings: report.findings.filter((finding) => finding.severity === severity),
  })).filter(({ findings }) => findings.length > 0);
}

export const countOf = (report: DoctorReport, severity: DoctorSeverity) =>
  report.findings.filter((finding) => finding.severity === severity).length;

/** The report for somebody else to read. */
export function asText(
  report: DoctorReport,
  words: Record<DoctorSeverity, string> & { todo: string },
  say: (words: Words) => string,
): string {
  const lines = [`MCP Gateway ${report.version} · ${report.system}`, ''];
  for (const finding of report.findings) {
    lines.push(`[${words[finding.severity]}] ${say(finding.title)}`);
    if (finding.cause !== null) lines.push(`    ${say(finding.cause)}`);
    if (finding.remedy !== null) lines.push(`    ${words.todo}: ${say(finding.remedy)}`);
  }
  return `${lines.join('\n')}\n`;
}
