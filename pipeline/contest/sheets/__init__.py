"""What people see after the reveal: score sheets and result tables, as PDF, HTML, CSV and XLSX.

Nothing here decides anything: sheets are made from the results object and the revealed targets, and can be made again.
"""
