  INSERT INTO millrace_changelog (type, alias) SELECT {{type}}, {{alias}} FROM {{table}} WHERE {{conflict}} AND {{alias}} IS NOT NULL;
