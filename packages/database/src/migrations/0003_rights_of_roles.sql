-- What everybody has as PostgreSQL comes, and nobody on a server that was hardened.
grant usage on schema public to sophia_app, sophia_log;
do $$
begin
  execute format('grant connect, temporary on database %I to sophia_app, sophia_log', current_database());
end
$$;
