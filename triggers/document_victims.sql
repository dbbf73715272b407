  INSERT INTO millrace_changelog (type, alias) SELECT {{type}}, {{row}} FROM {{table}} WHERE {{conflict}};
